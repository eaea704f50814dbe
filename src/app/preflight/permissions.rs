//! The Graph permissions that keyline can make use of: the least for enrolling keys, and what each further function needs. The
//! names are Microsoft's, as the portal finds them.

/// How much depends on a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Without it no key can be enrolled.
    Required,
    /// Without it something is told later, or not at all.
    Useful,
    /// Only for functions that not everybody uses.
    ForSome,
}

/// One permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission {
    pub name: &'static str,
    /// Broader ones that do as well.
    pub or: &'static [&'static str],
    pub need: Need,
}

/// All of them; the first is the least set for enrolling.
pub const PERMISSIONS: [Permission; 6] = [
    Permission {
        name: "UserAuthMethod-Passkey.ReadWrite.All",
        or: &["UserAuthenticationMethod.ReadWrite.All"],
        need: Need::Required,
    },
    Permission {
        name: "Policy.Read.All",
        or: &["Policy.ReadWrite.AuthenticationMethod"],
        need: Need::Useful,
    },
    Permission {
        name: "User.ReadBasic.All",
        or: &[
            "User.Read.All",
            "User.ReadWrite.All",
            "Directory.Read.All",
            "Directory.ReadWrite.All",
        ],
        need: Need::Useful,
    },
    Permission {
        name: "User.Read.All",
        or: &[
            "User.ReadWrite.All",
            "Directory.Read.All",
            "Directory.ReadWrite.All",
        ],
        need: Need::ForSome,
    },
    Permission {
        name: "GroupMember.Read.All",
        or: &[
            "Group.Read.All",
            "Group.ReadWrite.All",
            "Directory.Read.All",
            "Directory.ReadWrite.All",
        ],
        need: Need::Useful,
    },
    Permission {
        name: "Member.Read.Hidden",
        or: &[],
        need: Need::ForSome,
    },
];

impl Permission {
    /// Which of these gives it: the permission itself before a broader one.
    pub fn given_by<'a>(&self, granted: &'a [String]) -> Option<&'a str> {
        std::iter::once(&self.name)
            .chain(self.or)
            .find_map(|name| granted.iter().find(|one| one.eq_ignore_ascii_case(name)))
            .map(String::as_str)
    }
}
