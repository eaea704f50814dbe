//! What the configuration says of paper, built: templates, fonts, logo, and the composer over them.

use std::path::PathBuf;

use crate::adapter::paper::{Composer, Letterhead, Logo, Stationery, Templates};
use crate::domain::fault::Fault;
use crate::wire::WireFault;
use crate::wire::config::{Config, ConfigFault, Remedy};

/// The shipped templates, and over them those of the folder that the configuration names.
///
/// # Errors
/// The first one that is broken, with file, line and reason.
pub fn templates(config: &Config) -> Result<Templates, WireFault> {
    match config.paper.templates_folder() {
        Some(folder) => {
            let folder = config.path(folder);
            Templates::load(&folder).map_err(|fault| {
                if let Fault::Mailer { what } = fault {
                    WireFault::Config(ConfigFault {
                        file: folder.display().to_string(),
                        what,
                        remedy: Remedy::MendTemplate,
                    })
                } else {
                    fault.into()
                }
            })
        }
        None => Ok(Templates::shipped()?),
    }
}

/// What makes the station's letters, over these templates.
///
/// # Errors
/// In words: no such profile, a font or logo that cannot be used.
pub fn composer(config: &Config, templates: Templates) -> Result<Composer, WireFault> {
    let composer = composer_for(config, templates, &config.paper.profile)?;
    let paper = composer.paper_mm().map_err(|fault| mend(config, fault))?;
    match other_sheet(config, paper) {
        None => Ok(composer),
        Some(why) => Err(WireFault::Config(ConfigFault {
            file: config.file.display().to_string(),
            what: config.about_paper("media", &why),
            remedy: Remedy::Mend,
        })),
    }
}

/// Why the sheet in the printer is not the one that the layout is made for. On another one folds and window miss their places.
fn other_sheet(config: &Config, paper: (f32, f32)) -> Option<String> {
    /// mm. What names of sheets round away.
    const SLACK_MM: f64 = 1.0;
    config.paper.printer.uri()?;
    let (width, height) = config.paper.media.size_mm();
    let fits = (width - f64::from(paper.0)).abs() <= SLACK_MM
        && (height - f64::from(paper.1)).abs() <= SLACK_MM;
    (!fits).then(|| {
        format!(
            "is {width:.0} x {height:.0} mm, and the profile `{}` is made for {:.0} x {:.0} mm; name the sheet of the profile, or \
             another profile",
            config.paper.profile, paper.0, paper.1
        )
    })
}

/// As [`composer`], with another profile than the configured one.
///
/// # Errors
/// As [`composer`].
pub fn composer_for(
    config: &Config,
    templates: Templates,
    profile: &str,
) -> Result<Composer, WireFault> {
    let stationery = Stationery {
        profile: profile.to_owned(),
        logo: config
            .paper
            .logo_file()
            .map(|file| Logo::read(&config.path(file)))
            .transpose()
            .map_err(|fault| mend(config, fault))?,
        fonts: fonts(config),
    };
    Composer::new(templates, config.letterhead(), stationery).map_err(|fault| mend(config, fault))
}

/// A composer without a configuration: what is shipped, for an organisation of no particular name.
///
/// # Errors
/// No such profile.
pub fn shipped_composer(profile: &str) -> Result<Composer, Fault> {
    let stationery = Stationery {
        profile: profile.to_owned(),
        ..Stationery::default()
    };
    Composer::new(Templates::shipped()?, Letterhead::of("Contoso"), stationery)
}

fn fonts(config: &Config) -> Vec<PathBuf> {
    let fonts = config.paper.fonts.iter();
    fonts.map(|font| config.path(font)).collect()
}

/// No job is concerned: what is wrong with paper is the configuration's matter.
fn mend(config: &Config, fault: Fault) -> WireFault {
    let Fault::Mailer { what } = fault else {
        return fault.into();
    };
    WireFault::Config(ConfigFault {
        file: config.file.display().to_string(),
        what: format!("[paper] {what}"),
        remedy: Remedy::Mend,
    })
}
