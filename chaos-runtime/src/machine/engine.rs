//! The container engine.

use super::{Settings, wait_for};
use crate::fault::container_rules_work;
use crate::target::container::{EngineHandle, HELPER_IMAGE, Helper};
use crate::{Error, Result};
use testcontainers::bollard::models::SystemInfoCgroupVersionEnum;

/// What an engine says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Engine {
    /// Its version.
    pub version: String,
    /// That of its API.
    pub api: String,
    /// Which control groups its containers have: 1 or 2.
    pub cgroups: Option<u8>,
    /// Images that faults and targets of the profile name, and whether they are there; what is not is pulled.
    pub images: Vec<(String, bool)>,
}

/// Asks the engine what it is, and whether it has the images that the profile and the faults on containers use.
///
/// # Errors
/// When there is none or it does not answer.
pub fn engine(settings: Option<&Settings>) -> Result<Engine> {
    wait_for(async {
        let engine = EngineHandle::connect(None).await?;
        let version = engine.call("ask for the version", engine.docker().version()).await?;
        let info = engine.call("ask for its state", engine.docker().info()).await?;
        let mut images = vec![helper_image(settings)?];
        images.extend(settings.into_iter().flat_map(Settings::aurora_images));
        let mut found = Vec::new();
        for image in images {
            let there = match engine.call("look for an image", engine.docker().inspect_image(&image)).await {
                Ok(_) => true,
                Err(error) if error.is_missing() => false,
                Err(error) => return Err(error.into()),
            };
            found.push((image, there));
        }
        let cgroups = match info.cgroup_version {
            Some(SystemInfoCgroupVersionEnum::_1) => Some(1),
            Some(SystemInfoCgroupVersionEnum::_2) => Some(2),
            _ => None,
        };
        Ok(Engine {
            version: version.version.unwrap_or_default(),
            api: version.api_version.unwrap_or_default(),
            cgroups,
            images: found,
        })
    })
}

fn helper_image(settings: Option<&Settings>) -> Result<String> {
    let (name, tag) = HELPER_IMAGE;
    settings.map_or_else(|| Ok(format!("{name}:{tag}")), |settings| settings.image(name, tag))
}

/// Which faults on a container's network the engine's kernel can do, tried in a container of their own by the faults'
/// code: name, and whether. The image of helpers must be there; the container is removed.
///
/// # Errors
/// When no such container starts.
pub fn packet_faults(settings: Option<&Settings>) -> Result<Vec<(&'static str, Result<bool>)>> {
    wait_for(async {
        let engine = EngineHandle::connect(None).await?;
        let helper = Helper::alone(&engine, &helper_image(settings)?).await?;
        let tried = container_rules_work(&helper).await;
        helper
            .remove()
            .await
            .map_err(|error: Error| error.help("remove it: `docker rm -f` of the container that is named"))?;
        Ok(tried)
    })
}
