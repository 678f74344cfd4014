//! The closed list of categories. A rule has exactly one.

/// What a rule is about. The list is closed so that policies, statistics
/// and transparency exports mean the same everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    Spam,
    Fraud,
    Gambling,
    Sexual,
    Pyramid,
    Piracy,
    Threat,
    Harassment,
    AccountTrade,
    Contraband,
    PersonalData,
    Custom,
}

impl Category {
    pub const ALL: [Category; 12] = [
        Category::Spam,
        Category::Fraud,
        Category::Gambling,
        Category::Sexual,
        Category::Pyramid,
        Category::Piracy,
        Category::Threat,
        Category::Harassment,
        Category::AccountTrade,
        Category::Contraband,
        Category::PersonalData,
        Category::Custom,
    ];

    /// The name used in rules, verdicts and policies.
    pub fn as_str(self) -> &'static str {
        match self {
            Category::Spam => "spam",
            Category::Fraud => "fraud",
            Category::Gambling => "gambling",
            Category::Sexual => "sexual",
            Category::Pyramid => "pyramid",
            Category::Piracy => "piracy",
            Category::Threat => "threat",
            Category::Harassment => "harassment",
            Category::AccountTrade => "account_trade",
            Category::Contraband => "contraband",
            Category::PersonalData => "personal_data",
            Category::Custom => "custom",
        }
    }

    /// The category of that name.
    pub fn parse(name: &str) -> Option<Category> {
        Category::ALL.into_iter().find(|c| c.as_str() == name)
    }

    /// Position in [`Category::ALL`].
    pub fn index(self) -> usize {
        Category::ALL.iter().position(|c| *c == self).unwrap_or(0)
    }
}
