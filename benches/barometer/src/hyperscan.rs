//! Hyperscan and vectorscan through their C interface, which is the same.
//! The library is loaded by path, so that nothing of it is needed to build.

use std::ffi::{CStr, c_char, c_int, c_uint, c_ulonglong, c_void};
use std::path::Path;
use std::ptr;
use std::sync::Arc;

use anyhow::{Context, bail};

const HS_MODE_BLOCK: c_uint = 1;

#[repr(C)]
struct CompileError {
    message: *mut c_char,
    #[allow(dead_code, reason = "of the C structure")]
    expression: c_int,
}

type OnMatch = unsafe extern "C" fn(
    id: c_uint,
    from: c_ulonglong,
    to: c_ulonglong,
    flags: c_uint,
    context: *mut c_void,
) -> c_int;

type CompileLitMulti = unsafe extern "C" fn(
    expressions: *const *const c_char,
    flags: *const c_uint,
    ids: *const c_uint,
    lens: *const usize,
    elements: c_uint,
    mode: c_uint,
    platform: *const c_void,
    db: *mut *mut c_void,
    error: *mut *mut CompileError,
) -> c_int;

type Scan = unsafe extern "C" fn(
    db: *const c_void,
    data: *const c_char,
    length: c_uint,
    flags: c_uint,
    scratch: *mut c_void,
    on_match: OnMatch,
    context: *mut c_void,
) -> c_int;

type AllocScratch = unsafe extern "C" fn(
    db: *const c_void,
    scratch: *mut *mut c_void,
) -> c_int;
type Free = unsafe extern "C" fn(what: *mut c_void) -> c_int;
type Size = unsafe extern "C" fn(db: *const c_void, size: *mut usize) -> c_int;

/// The functions of one library.
pub struct Library {
    _library: libloading::Library,
    compile: CompileLitMulti,
    scan: Scan,
    alloc_scratch: AllocScratch,
    free_scratch: Free,
    free_database: Free,
    database_size: Size,
}

impl Library {
    pub fn open(path: &Path) -> anyhow::Result<Arc<Library>> {
        // SAFETY: the path is that of a Hyperscan library, whose
        // initialisers do nothing but choose functions for the processor.
        // The types are those of hs_compile.h and hs_runtime.h.
        unsafe {
            let library = libloading::Library::new(path)
                .with_context(|| path.display().to_string())?;
            let opened = Library {
                compile: *library.get(b"hs_compile_lit_multi\0")?,
                scan: *library.get(b"hs_scan\0")?,
                alloc_scratch: *library.get(b"hs_alloc_scratch\0")?,
                free_scratch: *library.get(b"hs_free_scratch\0")?,
                free_database: *library.get(b"hs_free_database\0")?,
                database_size: *library.get(b"hs_database_size\0")?,
                _library: library,
            };
            Ok(Arc::new(opened))
        }
    }
}

/// Literals, ready to scan.
pub struct Hyperscan {
    library: Arc<Library>,
    database: *mut c_void,
    scratch: *mut c_void,
}

impl Hyperscan {
    pub fn build(
        library: Arc<Library>,
        terms: &[String],
    ) -> anyhow::Result<Hyperscan> {
        let expressions: Vec<*const c_char> =
            terms.iter().map(|term| term.as_ptr().cast()).collect();
        let lens: Vec<usize> = terms.iter().map(String::len).collect();
        let flags = vec![0; terms.len()];
        let count = c_uint::try_from(terms.len())?;
        let ids: Vec<c_uint> = (0..count).collect();
        let mut database = ptr::null_mut();
        let mut error: *mut CompileError = ptr::null_mut();
        // SAFETY: four arrays of `count` elements; the terms outlive the
        // call; a null platform means this machine.
        let code = unsafe {
            (library.compile)(
                expressions.as_ptr(),
                flags.as_ptr(),
                ids.as_ptr(),
                lens.as_ptr(),
                count,
                HS_MODE_BLOCK,
                ptr::null(),
                &mut database,
                &mut error,
            )
        };
        if code != 0 {
            let message = if error.is_null() {
                "no message".into()
            } else {
                // SAFETY: on failure the library gives a C string. It is
                // not freed: this happens once a run.
                unsafe { CStr::from_ptr((*error).message) }.to_string_lossy()
            };
            bail!("does not compile ({code}): {message}");
        }
        let mut scratch = ptr::null_mut();
        // SAFETY: the database was just made.
        let code = unsafe { (library.alloc_scratch)(database, &mut scratch) };
        if code != 0 {
            bail!("no scratch space ({code})");
        }
        Ok(Hyperscan { library, database, scratch })
    }

    /// How many matches a text has.
    pub fn count(&mut self, text: &[u8]) -> anyhow::Result<u64> {
        let mut found: u64 = 0;
        // SAFETY: database and scratch belong together and to this thread;
        // the context is a number that lives as long as the call.
        let code = unsafe {
            (self.library.scan)(
                self.database,
                text.as_ptr().cast(),
                c_uint::try_from(text.len())?,
                0,
                self.scratch,
                one_more,
                (&raw mut found).cast(),
            )
        };
        if code != 0 {
            bail!("scan failed ({code})");
        }
        Ok(found)
    }

    pub fn size(&self) -> usize {
        let mut size = 0;
        // SAFETY: the database is valid until drop.
        unsafe { (self.library.database_size)(self.database, &mut size) };
        size
    }
}

unsafe extern "C" fn one_more(
    _id: c_uint,
    _from: c_ulonglong,
    _to: c_ulonglong,
    _flags: c_uint,
    context: *mut c_void,
) -> c_int {
    // SAFETY: `count` passes a number.
    unsafe { *context.cast::<u64>() += 1 };
    0
}

impl Drop for Hyperscan {
    fn drop(&mut self) {
        // SAFETY: both were made by this library and are not used again.
        unsafe {
            (self.library.free_scratch)(self.scratch);
            (self.library.free_database)(self.database);
        }
    }
}
