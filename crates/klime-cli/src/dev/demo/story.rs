//! Who the customers of the demo's small company are. All names are made up, all addresses are in domains kept for examples.

/// How much a company uses the product, day by day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Habit {
    /// The same each working day: this part of its people come.
    Steady(f64),
    /// More from week to week.
    Growing,
    /// Every day of the week, the weekend most of all.
    Weekends,
    /// As usual until so many days ago, then nothing.
    QuietFor(i32),
    /// Signed up so many days ago.
    Since(i32),
    /// Signed up and never used it.
    Never,
}

/// A customer.
#[derive(Debug)]
pub(super) struct Company {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) domain: &'static str,
    pub(super) plan: &'static str,
    pub(super) industry: &'static str,
    pub(super) seats: u32,
    pub(super) habit: Habit,
    /// Where its working day is, in hours from UTC.
    pub(super) hours_from_utc: i32,
    /// Whether a job of its own sends it data each night.
    pub(super) has_nightly_sync: bool,
    /// Name and the e-mail address before the `@`.
    pub(super) people: &'static [(&'static str, &'static str)],
}

/// The one who works for two companies: the place of the first one, and of the second one.
pub(super) const CONSULTANT: (&str, usize) = ("ines.duarte", 4);

/// Its users have an old version of the app, which spells a name in its own way.
pub(super) const OLD_APP: usize = 2;

/// The company where somebody comes who was never identified.
pub(super) const STRANGER: usize = 5;

/// Some companies, in the order of their ids.
pub(super) const COMPANIES: [Company; 12] = [
    Company {
        id: "org_1001",
        name: "Acme Inc",
        domain: "acme.example",
        plan: "enterprise",
        industry: "manufacturing",
        seats: 25,
        habit: Habit::Steady(0.8),
        hours_from_utc: 1,
        has_nightly_sync: true,
        people: &[
            ("Jane Smith", "jane.smith"),
            ("Stefan Brandt", "stefan.brandt"),
            ("Amara Okafor", "amara.okafor"),
            ("Luis Romero", "luis.romero"),
            ("Priya Raman", "priya.raman"),
            ("Tomasz Zielinski", "tomasz.zielinski"),
            ("Grace Holloway", "grace.holloway"),
            ("Ines Duarte", "ines.duarte"),
        ],
    },
    Company {
        id: "org_1002",
        name: "Blue Fern Studio",
        domain: "bluefern.example",
        plan: "pro",
        industry: "design",
        seats: 8,
        habit: Habit::Steady(0.6),
        hours_from_utc: 0,
        has_nightly_sync: false,
        people: &[
            ("Zoë Marchetti", "zoe.marchetti"),
            ("Kwame Mensah", "kwame.mensah"),
            ("Lena Vogt", "lena.vogt"),
            ("Oscar Lindqvist", "oscar.lindqvist"),
            ("Mei Tanaka", "mei.tanaka"),
        ],
    },
    Company {
        id: "org_1003",
        name: "Copperline Logistics",
        domain: "copperline.example",
        plan: "enterprise",
        industry: "logistics",
        seats: 40,
        habit: Habit::Steady(0.7),
        hours_from_utc: -5,
        has_nightly_sync: true,
        people: &[
            ("Dwayne Carter", "dwayne.carter"),
            ("Rosa Delgado", "rosa.delgado"),
            ("Hank Willoughby", "hank.willoughby"),
            ("Nadia Petrova", "nadia.petrova"),
            ("Calvin Brooks", "calvin.brooks"),
            ("Teresa Nguyen", "teresa.nguyen"),
            ("Marcus Hale", "marcus.hale"),
        ],
    },
    Company {
        id: "org_1004",
        name: "Dunmore Dental",
        domain: "dunmore.example",
        plan: "free",
        industry: "healthcare",
        seats: 3,
        habit: Habit::QuietFor(14),
        hours_from_utc: 0,
        has_nightly_sync: false,
        people: &[("Fiona Kerr", "fiona.kerr"), ("Ewan Baird", "ewan.baird"), ("Moira Sinclair", "moira.sinclair")],
    },
    Company {
        id: "org_1005",
        name: "Eastgate Foods",
        domain: "eastgate.example",
        plan: "pro",
        industry: "retail",
        seats: 15,
        habit: Habit::Growing,
        hours_from_utc: 2,
        has_nightly_sync: false,
        people: &[
            ("Katarina Horvat", "katarina.horvat"),
            ("Yannis Pappas", "yannis.pappas"),
            ("Selin Aydin", "selin.aydin"),
            ("Matteo Ricci", "matteo.ricci"),
            ("Anouk Janssen", "anouk.janssen"),
            ("Dragan Ilic", "dragan.ilic"),
        ],
    },
    Company {
        id: "org_1006",
        name: "Fathom Robotics",
        domain: "fathom.example",
        plan: "enterprise",
        industry: "robotics",
        seats: 60,
        habit: Habit::Steady(0.9),
        hours_from_utc: -8,
        has_nightly_sync: true,
        people: &[
            ("Arjun Mehta", "arjun.mehta"),
            ("Sofia Castellanos", "sofia.castellanos"),
            ("Wei Zhang", "wei.zhang"),
            ("Hannah Goldberg", "hannah.goldberg"),
            ("Theo Anderson", "theo.anderson"),
            ("Yuki Sato", "yuki.sato"),
            ("Olu Adeyemi", "olu.adeyemi"),
        ],
    },
    Company {
        id: "org_1007",
        name: "Juniper & Oak",
        domain: "juniperoak.example",
        plan: "pro",
        industry: "furniture",
        seats: 6,
        habit: Habit::QuietFor(17),
        hours_from_utc: -6,
        has_nightly_sync: false,
        people: &[
            ("Wren Sullivan", "wren.sullivan"),
            ("Beau Thornton", "beau.thornton"),
            ("Clara Whitfield", "clara.whitfield"),
            ("Silas Monroe", "silas.monroe"),
        ],
    },
    Company {
        id: "org_1008",
        name: "Kestrel Insurance",
        domain: "kestrel.example",
        plan: "enterprise",
        industry: "insurance",
        seats: 30,
        habit: Habit::Steady(0.5),
        hours_from_utc: 0,
        has_nightly_sync: false,
        people: &[
            ("Imogen Ashworth", "imogen.ashworth"),
            ("Rafiq Hussain", "rafiq.hussain"),
            ("Bethan Morgan", "bethan.morgan"),
            ("Alistair Munro", "alistair.munro"),
            ("Niamh Gallagher", "niamh.gallagher"),
        ],
    },
    Company {
        id: "org_1009",
        name: "Lakeside Schools",
        domain: "lakeside.example",
        plan: "pro",
        industry: "education",
        seats: 20,
        habit: Habit::Steady(0.35),
        hours_from_utc: 1,
        has_nightly_sync: false,
        people: &[
            ("Emil Johansson", "emil.johansson"),
            ("Freja Nielsen", "freja.nielsen"),
            ("Jonas Becker", "jonas.becker"),
            ("Maren Solberg", "maren.solberg"),
        ],
    },
    Company {
        id: "org_1010",
        name: "Mosaic Media",
        domain: "mosaic.example",
        plan: "pro",
        industry: "media",
        seats: 5,
        habit: Habit::Since(3),
        hours_from_utc: 3,
        has_nightly_sync: false,
        people: &[
            ("Leila Haddad", "leila.haddad"),
            ("Omar Farouk", "omar.farouk"),
            ("Tamar Levi", "tamar.levi"),
            ("Dina Khalil", "dina.khalil"),
        ],
    },
    Company {
        id: "org_1011",
        name: "Tallow Street Bakery",
        domain: "tallowstreet.example",
        plan: "free",
        industry: "food",
        seats: 4,
        habit: Habit::Weekends,
        hours_from_utc: 0,
        has_nightly_sync: false,
        people: &[
            ("Poppy Hargreaves", "poppy.hargreaves"),
            ("Ivo Bennett", "ivo.bennett"),
            ("Ruth Okoro", "ruth.okoro"),
        ],
    },
    Company {
        id: "org_1012",
        name: "Vantage Yachts",
        domain: "vantage.example",
        plan: "free",
        industry: "leisure",
        seats: 2,
        habit: Habit::Never,
        hours_from_utc: 1,
        has_nightly_sync: false,
        people: &[("Bruno Falk", "bruno.falk"), ("Celeste Moreau", "celeste.moreau")],
    },
];
