//! The 24 people of the practice tenant, all at contoso.com: names in several languages and alphabets, so that letters, lists
//! and encodings meet them before real ones do.

use serde::Serialize;

/// One person of the directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Person {
    /// Object id, a GUID.
    pub id: String,
    /// User principal name.
    pub upn: String,
    pub display_name: String,
    pub department: String,
    /// BCP 47 tag, as `preferredLanguage` has it.
    pub language: String,
    pub mail: String,
}

/// Name before the @, shown name, department, language.
const PEOPLE: [(&str, &str, &str, &str); 24] = [
    ("ada.brook", "Ada Brook", "Research", "en-GB"),
    ("juergen.weiss", "Jürgen Weiß", "Einkauf", "de-DE"),
    ("amelie.lefevre", "Amélie Lefèvre", "Comptabilité", "fr-FR"),
    ("inigo.munoz", "Íñigo Muñoz", "Ventas", "es-ES"),
    ("zofia.wojcik", "Zofia Wójcik", "Logistyka", "pl-PL"),
    ("asa.oestberg", "Åsa Östberg", "Inköp", "sv-SE"),
    ("sean.o'reilly", "Seán O’Reilly", "Operations", "en-IE"),
    ("kaethe.grossmann", "Käthe Großmann", "Buchhaltung", "de-AT"),
    ("francois.noel", "François Noël", "Juridique", "fr-CA"),
    (
        "maria.jose.ibanez",
        "María José Ibáñez",
        "Recursos Humanos",
        "es-MX",
    ),
    ("lukasz.zurawski", "Łukasz Żurawski", "Informatyka", "pl-PL"),
    ("sanne.de.vries", "Sanne de Vries", "Verkoop", "nl-NL"),
    ("nikolaos.papas", "Νικόλαος Παππάς", "Πωλήσεις", "el-GR"),
    ("olena.kovalenko", "Олена Коваленко", "Логістика", "uk-UA"),
    ("jiri.dvorak", "Jiří Dvořák", "Nákup", "cs-CZ"),
    ("beatrice.conti", "Beatrice Conti", "Acquisti", "it-IT"),
    ("joao.goncalves", "João Gonçalves", "Compras", "pt-PT"),
    ("ayse.yildiz", "Ayşe Yıldız", "Satış", "tr-TR"),
    ("haruka.sato", "佐藤 遥", "総務部", "ja-JP"),
    ("li.wei", "李伟", "研发部", "zh-CN"),
    ("layla.haddad", "ليلى حداد", "المالية", "ar-JO"),
    ("noam.levi", "נועם לוי", "רכש", "he-IL"),
    ("minh.anh.nguyen", "Nguyễn Minh Anh", "Kế toán", "vi-VN"),
    (
        "bjoerk.jonsdottir",
        "Björk Jónsdóttir",
        "Rannsóknir",
        "is-IS",
    ),
];

/// Everybody, in a fixed order and with fixed ids.
pub(super) fn everybody() -> Vec<Person> {
    PEOPLE
        .iter()
        .zip(1_u32..)
        .map(|((local, name, department, language), number)| {
            let upn = format!("{local}@contoso.com");
            Person {
                id: format!("c0a70500-0000-4000-8000-{number:012}"),
                mail: upn.clone(),
                upn,
                display_name: (*name).to_owned(),
                department: (*department).to_owned(),
                language: (*language).to_owned(),
            }
        })
        .collect()
}
