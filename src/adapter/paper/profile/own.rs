//! The logo and the fonts that a profile brings along, instead of those of the station: read and looked over when the profile is, so
//! that a broken one never becomes a value. The bounds are those of the station's own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Profile;
use super::proof::Flaw;
use crate::adapter::paper::fonts;
use crate::adapter::paper::logo::Logo;
use crate::domain::fault::Fault;

/// What a profile brought along.
#[derive(Clone, Debug, Default)]
pub(in crate::adapter::paper) struct Own {
    pub(in crate::adapter::paper) logo: Option<Arc<Logo>>,
    /// Whole paths, all of them fonts. `None`: it takes the station's.
    pub(in crate::adapter::paper) fonts: Option<Vec<PathBuf>>,
}

impl Profile {
    /// Reads the logo and the fonts that the profile of this `text` names; relative ones lie in `folder`, beside the profile.
    ///
    /// # Errors
    /// The line and the reason: what one of these files is instead, or why it cannot be read.
    pub(in crate::adapter::paper) fn fetch(
        mut self,
        text: &str,
        folder: &Path,
    ) -> Result<Self, String> {
        let own = self.bring(folder).map_err(|flaw| flaw.told(text))?;
        self.own = own;
        Ok(self)
    }

    fn bring(&self, folder: &Path) -> Result<Own, Flaw> {
        let logo = match &self.logo {
            None => None,
            Some(_) if self.boxes.logo.is_none() => {
                let why = "`logo` names a picture, and [boxes] has no box `logo` for it; add one, or leave the picture out";
                return Err(Flaw::new("logo", why));
            }
            Some(file) => Some(Arc::new(logo(&placed("logo", folder, file)?)?)),
        };
        let fonts = match &self.fonts {
            None => None,
            Some(files) => {
                let files = files.iter().map(|file| placed("fonts", folder, file));
                let files = files.collect::<Result<Vec<_>, _>>()?;
                fonts::try_out(&files).map_err(|why| Flaw::new("fonts", why))?;
                Some(files)
            }
        };
        Ok(Own { logo, fonts })
    }
}

fn logo(file: &Path) -> Result<Logo, Flaw> {
    Logo::read(file).map_err(|fault| {
        if let Fault::Mailer { what } = fault {
            Flaw::new("logo", what)
        } else {
            Flaw::new("logo", fault.to_string())
        }
    })
}

fn placed(key: &'static str, folder: &Path, file: &Path) -> Result<PathBuf, Flaw> {
    if file.as_os_str().is_empty() {
        let why =
            format!("`{key}` names a file without a name; leave it out to take [paper] {key}");
        return Err(Flaw::new(key, why));
    }
    Ok(folder.join(file))
}
