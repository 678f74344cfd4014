//! Text for benchmarks, built from words in code: the same on every machine.

// Each benchmark uses a part of this.
#![allow(dead_code, reason = "shared by benchmarks that need different parts")]

/// A small generator (SplitMix64, public domain, Sebastiano Vigna): the same
/// numbers for the same seed everywhere.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).expect("usize has at most 64 bits");
        usize::try_from(self.number() % end).expect("below a usize")
    }

    pub fn pick<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }
}

/// Common characters: terms and filler are drawn from the same ones, so that
/// beginnings of terms occur in text that holds none.
pub const HAN: &str = "的一是不了人我在有他这中大来上国和地到说们为子你出道也时年得就那要下\
    以生会自着去之过家学对可里后小么心多天而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所\
    本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法此实回二理美点月明其种声全工己话儿者向情\
    部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信北少关并内加";

pub const ZH: [&str; 28] = [
    "今天",
    "昨晚",
    "周末",
    "孩子",
    "妈妈",
    "邻居",
    "地铁",
    "公园",
    "图书馆",
    "天气",
    "晚饭",
    "作业",
    "电影",
    "书店",
    "猫",
    "阳台",
    "雨",
    "看到",
    "觉得",
    "忘了",
    "想起",
    "准备",
    "喜欢",
    "终于",
    "有点",
    "非常",
    "可能",
    "一起",
];

pub const EN: [&str; 28] = [
    "today",
    "yesterday",
    "the",
    "library",
    "was",
    "closed",
    "again",
    "we",
    "walked",
    "home",
    "and",
    "cooked",
    "dinner",
    "with",
    "my",
    "sister",
    "nobody",
    "knows",
    "why",
    "it",
    "rains",
    "so",
    "much",
    "in",
    "spring",
    "train",
    "late",
    "window",
];

/// An ordinary sentence in Chinese.
pub fn zh(random: &mut Random) -> String {
    let words = 4 + random.below(8);
    let mut text = String::new();
    for number in 0..words {
        text.push_str(random.pick(&ZH));
        if number % 4 == 3 {
            text.push('，');
        }
    }
    text.push('。');
    text
}

/// An ordinary sentence in English.
pub fn en(random: &mut Random) -> String {
    let words = 6 + random.below(12);
    let all: Vec<&str> = (0..words).map(|_| random.pick(&EN)).collect();
    all.join(" ") + "."
}

/// A string of Han characters that mean nothing.
pub fn han(random: &mut Random, pool: &[char], count: usize) -> String {
    (0..count).map(|_| pool[random.below(pool.len())]).collect()
}

/// Different terms of three to six characters.
pub fn terms(random: &mut Random, count: usize) -> Vec<String> {
    let pool: Vec<char> = HAN.chars().collect();
    let mut seen = std::collections::BTreeSet::new();
    let mut all = Vec::with_capacity(count);
    while all.len() < count {
        let letters = 3 + random.below(4);
        let term = han(random, &pool, letters);
        if seen.insert(term.clone()) {
            all.push(term);
        }
    }
    all
}
