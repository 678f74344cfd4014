//! The tree of RFC 6962 over the entries of a ledger. In: leaf hashes; out:
//! roots and proofs. No I/O.
//!
//! A leaf is `SHA-256(0x00 ‖ data)`, an inner node `SHA-256(0x01 ‖ left ‖
//! right)`, and a tree of n leaves splits at the largest power of two below
//! n. So 7 leaves are a perfect tree of 4, one of 2 and one of 1, and adding
//! a leaf touches only that list of perfect trees, the [`Frontier`]:
//!
//! ```text
//!            root
//!          /      \
//!       h0123      \          frontier of 7: [h0123, h45, h6]
//!       /   \     /  \        frontier of 8: [h01234567]
//!     h01  h23  h45   h6
//! ```
//!
//! An inclusion proof names the siblings from a leaf to the root; a
//! consistency proof shows that an old tree is the beginning of a new one.

use sha2::{Digest as _, Sha256};

use crate::base::int;

/// SHA-256.
pub type Hash = [u8; 32];

/// Hash of a leaf.
pub fn leaf_hash(data: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(data).finalize().into()
}

/// Hash of an inner node.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let hasher = Sha256::new().chain_update([1]);
    hasher.chain_update(left).chain_update(right).finalize().into()
}

/// Root of the empty tree.
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// The perfect trees that a tree consists of, largest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    trees: Vec<Hash>,
}

impl Frontier {
    /// From its parts; `None` when their number does not fit the size.
    pub fn from_parts(size: u64, trees: Vec<Hash>) -> Option<Frontier> {
        let fits = int::to_u32(trees.len()) == size.count_ones();
        fits.then_some(Frontier { size, trees })
    }

    /// Of the first `size` leaves.
    pub fn of(leaves: &[Hash]) -> Frontier {
        let mut frontier = Frontier::default();
        leaves.iter().for_each(|leaf| frontier.push(*leaf));
        frontier
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn trees(&self) -> &[Hash] {
        &self.trees
    }

    /// Adds a leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        // Each trailing one bit is a perfect tree of the same height.
        for _ in 0..self.size.trailing_ones() {
            let Some(left) = self.trees.pop() else { break };
            hash = node_hash(&left, &hash);
        }
        self.trees.push(hash);
        self.size += 1;
    }

    pub fn root(&self) -> Hash {
        let mut trees = self.trees.iter().rev();
        match trees.next() {
            None => empty_root(),
            Some(last) => {
                trees.fold(*last, |right, left| node_hash(left, &right))
            }
        }
    }
}

/// Root of a run of leaves.
pub fn root(leaves: &[Hash]) -> Hash {
    Frontier::of(leaves).root()
}

/// The largest power of two below a number over 1.
fn split(size: usize) -> usize {
    debug_assert!(size > 1);
    1 << (size - 1).ilog2()
}

/// Siblings of a leaf from the bottom up (RFC 6962, 2.1.1). `None`: no such
/// leaf.
pub fn inclusion(leaves: &[Hash], index: usize) -> Option<Vec<Hash>> {
    if index >= leaves.len() {
        return None;
    }
    let (mut leaves, mut index) = (leaves, index);
    let mut path = Vec::new();
    while leaves.len() > 1 {
        let (left, right) = leaves.split_at(split(leaves.len()));
        if index < left.len() {
            path.push(root(right));
            leaves = left;
        } else {
            path.push(root(left));
            index -= left.len();
            leaves = right;
        }
    }
    path.reverse();
    Some(path)
}

/// The root that a leaf and its siblings lead to (RFC 9162, 2.1.3.2).
/// `None`: the path does not fit the place.
pub fn root_of_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    path: &[Hash],
) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut place, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for sibling in path {
        if last == 0 {
            return None;
        }
        if place & 1 == 1 || place == last {
            hash = node_hash(sibling, &hash);
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        place >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(hash)
}

/// Proof that the tree of the first `old` leaves begins the tree of all
/// (RFC 6962, 2.1.2). `None`: `old` is zero or more than there are.
pub fn consistency(leaves: &[Hash], old: usize) -> Option<Vec<Hash>> {
    if old == 0 || old > leaves.len() {
        return None;
    }
    let (mut leaves, mut old) = (leaves, old);
    let mut path = Vec::new();
    // Whether the old tree is all of the leaves that were in it at first.
    let mut whole = true;
    while old < leaves.len() {
        let (left, right) = leaves.split_at(split(leaves.len()));
        if old <= left.len() {
            path.push(root(right));
            leaves = left;
        } else {
            path.push(root(left));
            old -= left.len();
            leaves = right;
            whole = false;
        }
    }
    if !whole {
        path.push(root(leaves));
    }
    path.reverse();
    Some(path)
}

/// Checks a consistency proof (RFC 9162, 2.1.4.2).
pub fn is_consistent(
    (old, old_root): (u64, &Hash),
    (new, new_root): (u64, &Hash),
    path: &[Hash],
) -> bool {
    if old == 0 || old > new {
        return false;
    }
    if old == new {
        return path.is_empty() && old_root == new_root;
    }
    let mut path = path.iter();
    let first =
        if old.is_power_of_two() { Some(old_root) } else { path.next() };
    let Some(first) = first else { return false };
    let (mut place, mut last) = (old - 1, new - 1);
    while place & 1 == 1 {
        place >>= 1;
        last >>= 1;
    }
    let (mut from, mut to) = (*first, *first);
    for hash in path {
        if last == 0 {
            return false;
        }
        if place & 1 == 1 || place == last {
            from = node_hash(hash, &from);
            to = node_hash(hash, &to);
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            to = node_hash(&to, hash);
        }
        place >>= 1;
        last >>= 1;
    }
    last == 0 && from == *old_root && to == *new_root
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base::hex;

    /// Leaves and roots published with the reference implementation of
    /// Certificate Transparency.
    const LEAVES: [&str; 8] = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];
    const ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    fn published() -> Vec<Hash> {
        LEAVES.map(|leaf| leaf_hash(&hex::decode(leaf).unwrap())).into()
    }

    /// The definition of RFC 6962, 2.1, word for word.
    fn plain_root(data: &[Vec<u8>]) -> Hash {
        match data {
            [] => Sha256::digest([]).into(),
            [one] => leaf_hash(one),
            all => {
                let mut k = 1;
                while k * 2 < all.len() {
                    k *= 2;
                }
                let (left, right) = (&all[..k], &all[k..]);
                node_hash(&plain_root(left), &plain_root(right))
            }
        }
    }

    #[test]
    fn published_roots() {
        assert_eq!(
            hex::encode(&empty_root()),
            "e3b0c44298fc1c149afbf4c8996fb924\
             27ae41e4649b934ca495991b7852b855"
        );
        let leaves = published();
        for (index, wanted) in ROOTS.iter().enumerate() {
            assert_eq!(hex::encode(&root(&leaves[..=index])), *wanted);
        }
    }

    #[test]
    fn published_proofs() {
        let leaves = published();
        let texts = |path: Vec<Hash>| -> Vec<String> {
            path.iter().map(|hash| hex::encode(hash)[..8].into()).collect()
        };
        let rows: [(usize, usize, &[&str]); 3] = [
            (0, 8, &["96a296d2", "5f083f0a", "6b47aaf2"]),
            (5, 8, &["bc1a0643", "ca854ea1", "d37ee418"]),
            (2, 3, &["fac54203"]),
        ];
        for (index, size, wanted) in rows {
            let path = inclusion(&leaves[..size], index).unwrap();
            assert_eq!(texts(path), wanted, "{index} of {size}");
        }
        let rows: [(usize, usize, &[&str]); 3] = [
            (1, 8, &["96a296d2", "5f083f0a", "6b47aaf2"]),
            (6, 8, &["0ebc5d34", "ca854ea1", "d37ee418"]),
            (2, 5, &["5f083f0a", "bc1a0643"]),
        ];
        for (old, size, wanted) in rows {
            let path = consistency(&leaves[..size], old).unwrap();
            assert_eq!(texts(path), wanted, "{old} in {size}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn trees_equal_the_definition(
            data in prop::collection::vec(
                prop::collection::vec(any::<u8>(), 0..4), 0..70),
            pick in any::<prop::sample::Index>(),
            flip in any::<prop::sample::Index>(),
        ) {
            let leaves: Vec<Hash> =
                data.iter().map(|data| leaf_hash(data)).collect();
            let whole = root(&leaves);
            prop_assert_eq!(whole, plain_root(&data));
            let frontier = Frontier::of(&leaves);
            prop_assert_eq!(Frontier::from_parts(
                frontier.size(), frontier.trees().to_vec()), Some(frontier));
            if data.is_empty() {
                return Ok(());
            }
            let index = pick.index(data.len());
            let size = int::to_u64(data.len());
            let at = int::to_u64(index);
            let mut path = inclusion(&leaves, index).unwrap();
            let leaf = leaves[index];
            prop_assert_eq!(
                root_of_inclusion(&leaf, at, size, &path), Some(whole));
            let old = index + 1;
            let old_root = root(&leaves[..old]);
            let proof = consistency(&leaves, old).unwrap();
            let of_old = (int::to_u64(old), &old_root);
            prop_assert!(is_consistent(of_old, (size, &whole), &proof));
            // What was changed anywhere is refused.
            if !path.is_empty() {
                let hash = flip.index(path.len());
                path[hash][0] ^= 1;
                prop_assert_ne!(
                    root_of_inclusion(&leaf, at, size, &path), Some(whole));
                path.pop();
                prop_assert_eq!(
                    root_of_inclusion(&leaf, at, size, &path), None);
            }
            let mut wrong = old_root;
            wrong[31] ^= 1;
            let of_old = (int::to_u64(old), &wrong);
            prop_assert!(!is_consistent(of_old, (size, &whole), &proof));
        }
    }
}
