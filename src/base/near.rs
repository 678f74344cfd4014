//! Near names for messages. In: what was typed and what exists; out: the
//! one that was probably meant.

/// The nearest of `known` by edit distance, when it is near enough to be
/// what was meant.
pub fn nearest<'a>(
    typed: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(typed, name), name))
        .filter(|(distance, name)| {
            *distance <= (name.chars().count() / 3).max(1)
        })
        .min()
        .map(|(_, name)| name)
}
