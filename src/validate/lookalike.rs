//! In: a host name. Out: the brand it imitates, if any. Never calls a
//! brand's own domain an imitation.
//!
//! Rule: UTS #39 in spirit: two names are confusable if their skeletons are
//! equal. The skeleton here is for brands only: accents and look-alike
//! letters folded, 0→o, 1→l, 5→s, rn→m, vv→w, cl→d left alone (too common).
//! A brand as one hyphen token of a longer label (paypal-login) counts too.

use super::plane::Class;
use super::plane::fold;

/// Brand and the registrable domains it owns, blanks between. The label
/// before a public suffix of the brand's name is the brand's on any of the
/// suffixes listed; on others it is an imitation only by look.
const BRANDS: &[(&str, &str)] = &[
    ("apple", "apple.com icloud.com apple.com.cn"),
    ("icloud", "icloud.com icloud.com.cn"),
    ("paypal", "paypal.com paypal.me"),
    ("google", "google.com google.cn"),
    ("microsoft", "microsoft.com"),
    ("amazon", "amazon.com amazon.cn amazon.co.jp amazon.co.uk"),
    ("netflix", "netflix.com"),
    ("facebook", "facebook.com"),
    ("instagram", "instagram.com"),
    ("whatsapp", "whatsapp.com"),
    ("telegram", "telegram.org telegram.me telegram.dog"),
    ("binance", "binance.com"),
    ("coinbase", "coinbase.com"),
    ("metamask", "metamask.io"),
    ("okx", "okx.com"),
    ("kraken", "kraken.com"),
    ("ledger", "ledger.com"),
    ("alipay", "alipay.com alipay.cn"),
    ("taobao", "taobao.com"),
    ("tmall", "tmall.com"),
    ("jd", "jd.com jd.hk"),
    ("pinduoduo", "pinduoduo.com"),
    ("douyin", "douyin.com"),
    ("wechat", "wechat.com"),
    ("weixin", "weixin.qq.com"),
    ("qq", "qq.com"),
    ("unionpay", "unionpay.com"),
    ("icbc", "icbc.com.cn"),
    ("ccb", "ccb.com"),
    ("boc", "boc.cn"),
    ("abchina", "abchina.com abchina.com.cn"),
    ("cmbchina", "cmbchina.com"),
    ("bankcomm", "bankcomm.com"),
    ("spdb", "spdb.com.cn"),
    ("95588", "icbc.com.cn"),
    ("95533", "ccb.com"),
    ("95599", "abchina.com"),
    ("95566", "boc.cn"),
    ("95555", "cmbchina.com"),
    ("12306", "12306.cn"),
    ("12123", "122.gov.cn"),
    ("chsi", "chsi.com.cn"),
    ("dhl", "dhl.com"),
    ("fedex", "fedex.com"),
    ("usps", "usps.com"),
    ("steam", "steampowered.com steamcommunity.com"),
    ("steamcommunity", "steamcommunity.com"),
    ("discord", "discord.com discord.gg"),
];

/// Brands of so few letters that only an exact token counts.
const SHORT_MAX: usize = 4;

/// The brand that `host` imitates.
pub fn lookalike(host: &str) -> Option<&'static str> {
    let host = host.trim_end_matches('.');
    let ascii = idna::domain_to_ascii(host)
        .unwrap_or_else(|_| host.to_ascii_lowercase());
    let domain = psl::domain_str(&ascii).unwrap_or(&ascii);
    let suffix_len = psl::suffix_str(domain).map_or(0, |s| s.len() + 1);
    let label = domain.get(..domain.len().saturating_sub(suffix_len))?;
    if BRANDS.iter().any(|(_, own)| {
        own.split_ascii_whitespace().any(|o| o == domain || o == ascii)
    }) {
        return None;
    }
    let (unicode, _) = idna::domain_to_unicode(label);
    let seen = skeleton(&unicode);
    let brand = |part: &str, written: &str| {
        BRANDS
            .iter()
            .find(|(b, _)| {
                let long = b.len() > SHORT_MAX;
                written != *b && long && skeleton(b) == part
            })
            .map(|(b, _)| *b)
    };
    brand(&seen, &unicode).or_else(|| token(&unicode))
}

/// A brand as a hyphen token of a longer label, as written or by look.
fn token(label: &str) -> Option<&'static str> {
    if !label.contains('-') {
        return None;
    }
    label.split('-').find_map(|part| {
        let seen = skeleton(part);
        BRANDS.iter().map(|(b, _)| *b).find(|b| {
            part == *b || (b.len() > SHORT_MAX && skeleton(b) == seen)
        })
    })
}

/// What a label looks like.
fn skeleton(label: &str) -> String {
    let mut out = String::new();
    for c in label.chars() {
        let f = fold(c);
        let c = match (f.class, f.ch) {
            (Class::Ignorable | Class::Mark, _) => continue,
            (_, '0') => 'o',
            (_, '1' | 'i' | '|') => 'l',
            (_, '5') => 's',
            (_, c) => base(c),
        };
        out.push(c);
    }
    out.replace("rn", "m").replace("vv", "w")
}

/// The letter under an accent (Latin-1 and Latin Extended-A, the letters in
/// which look-alike domains are registered).
fn base(c: char) -> char {
    match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' | 'ạ' | 'ả' | 'ɑ' => 'a',
        'ç' | 'ć' | 'ċ' | 'č' => 'c',
        'ď' | 'đ' | 'ḍ' => 'd',
        'è'..='ë' | 'ē' | 'ė' | 'ę' | 'ě' | 'ẹ' => 'e',
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => 'g',
        'ì'..='ï' | 'ī' | 'į' | 'ị' | 'ł' | 'ĺ' | 'ļ' | 'ľ' | 'ḷ' => {
            'l'
        }
        'ñ' | 'ń' | 'ņ' | 'ň' | 'ṇ' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ő' | 'ọ' | 'ơ' => 'o',
        'ŕ' | 'ř' => 'r',
        'ś' | 'ş' | 'š' | 'ș' | 'ṣ' => 's',
        'ţ' | 'ť' | 'ț' | 'ṭ' => 't',
        'ù'..='ü' | 'ū' | 'ů' | 'ű' | 'ų' | 'ụ' => 'u',
        'ý' | 'ÿ' | 'ỵ' => 'y',
        'ź' | 'ż' | 'ž' | 'ẓ' => 'z',
        'ṃ' => 'm',
        'ḳ' => 'k',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imitations() {
        for (host, brand) in [
            ("paypa1.com", "paypal"),
            ("xn--pple-43d.com", "apple"),
            ("аpple.com", "apple"),
            ("g00gle.cn", "google"),
            ("rnicrosoft.com", "microsoft"),
            ("login.paypal-secure.top", "paypal"),
            ("icbc-95588.vip", "icbc"),
            ("qq-mail.xyz", "qq"),
            ("tɑobao.com", "taobao"),
        ] {
            assert_eq!(lookalike(host), Some(brand), "{host}");
        }
    }

    #[test]
    fn originals_and_strangers() {
        for host in [
            "apple.com",
            "www.apple.com",
            "weixin.qq.com",
            "amazon.co.uk",
            "google.fr",
            "pineapple.com",
            "example.com",
            "jd.com",
            "cc.com",
        ] {
            assert_eq!(lookalike(host), None, "{host}");
        }
    }
}
