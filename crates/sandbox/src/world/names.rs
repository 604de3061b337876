//! Realistic names: umlauts, Japanese, right-to-left Hebrew, and one that is far too long.

/// The clients of the agency, whose ad accounts are shared with its department store.
pub(super) const CLIENT_COMPANIES: [&str; 24] = [
    "Gärtnerei Möller GmbH",
    "Bäckerei Süß & Töchter",
    "Zürcher Velohaus AG",
    "Optik Weiß",
    "Fischhalle Jürgensen",
    "Øresund Kaffe ApS",
    "Çiçek Blumenhandel",
    "Łódź Meble Sp. z o.o.",
    "Hôtel du Lac SA",
    "Buchhandlung Krüger",
    "Schreinerei Höß",
    "Alpine Sport Davos AG",
    "Naturkost Grünwald eG",
    "Möbelhaus Ångström",
    "Elektro Brühl KG",
    "Rösterei Kälin",
    "Spielwaren Dürr",
    "Atelier Noé",
    "北海道ラーメン合同会社",
    "בית הקפה של רות",
    "Weingut Freiherr von Öttingen",
    "Reisebüro Sönnichsen",
    "Tierarztpraxis Dr. Föhr",
    "O'Brien & Sons Ltd",
];

const TRADES: [&str; 20] = [
    "Gärtnerei Möller",
    "Bäckerei Süß",
    "Velohaus Zürich",
    "Optik Weiß",
    "Fischhalle Jürgensen",
    "Kaffe Øresund",
    "Blumen Çiçek",
    "Meble Łódź",
    "Hôtel du Lac",
    "Bücher Krüger",
    "Schreinerei Höß",
    "Alpine Sport",
    "Naturkost Grünwald",
    "Möbel Ångström",
    "Elektro Brühl",
    "Rösterei Kälin",
    "Spielwaren Dürr",
    "Atelier Noé",
    "Weingut Öttingen",
    "Reisebüro Sönnichsen",
];

const PLACES: [&str; 14] = [
    "Hamburg",
    "Köln",
    "Zürich",
    "Bern",
    "München",
    "Graz",
    "Lübeck",
    "Düsseldorf",
    "Basel",
    "Leipzig",
    "Wien",
    "Kiel",
    "Nürnberg",
    "Genève",
];

const SHOPS: [&str; 7] = ["銀座店", "渋谷店", "京都店", "大阪店", "札幌店", "福岡店", "オンライン"];

const LONG: &str = "Kaufhaus Brandl & Söhne Handelsgesellschaft mbH & Co. KG – Sommerschlussverkauf Süddeutschland, Österreich und Südtirol (Remarketing, Bestandskunden)";

/// The name of the agency's ad account number `index`.
pub(super) fn account(index: usize) -> String {
    match index {
        3 => "さくら商店 本店".to_owned(),
        8 => "בית הקפה של רות – תל אביב".to_owned(),
        500 => LONG.to_owned(),
        1285..1306 => {
            format!("さくら商店 {} {}", SHOPS[index % SHOPS.len()], 1 + (index - 1285) / SHOPS.len())
        }
        1306 => "Aylin privat".to_owned(),
        _ => {
            let trade = TRADES[index % TRADES.len()];
            let place = PLACES[index / TRADES.len() % PLACES.len()];
            match index / (TRADES.len() * PLACES.len()) {
                0 => format!("{trade} {place}"),
                round => format!("{trade} {place} {}", round + 1),
            }
        }
    }
}

/// The name of the agency's Page number `index`.
pub(super) fn page(index: usize) -> String {
    match index {
        0 => "Studio Nordlicht".to_owned(),
        1 => "Kaufhaus Brandl".to_owned(),
        2 => "さくら商店".to_owned(),
        3 => "בית הקפה של רות".to_owned(),
        _ => format!("{} {}", TRADES[index * 3 % TRADES.len()], PLACES[index % PLACES.len()]),
    }
}
