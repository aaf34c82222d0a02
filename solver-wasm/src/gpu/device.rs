//! A GPU that answers, until it does not.

use std::sync::{Arc, OnceLock};

use futures_channel::oneshot;

/// Why there is no GPU, or no longer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GpuError {
    /// This machine offers none.
    #[error("no GPU: {0}")]
    None(String),
    /// It was there and is gone, or does not do what it was told.
    #[error("the GPU was lost: {0}")]
    Lost(String),
}

/// An opened GPU.
#[derive(Clone, Debug)]
pub struct Gpu {
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    name: String,
    /// Why it is gone, once it is.
    lost: Arc<OnceLock<String>>,
}

impl Gpu {
    /// Ask for the GPU: WebGPU in a browser (only in a worker), Vulkan natively. With the limits that every browser grants.
    ///
    /// # Errors
    /// There is none, or it refuses.
    pub async fn open() -> Result<Self, GpuError> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
            backends: wgpu::Backends::BROWSER_WEBGPU | wgpu::Backends::VULKAN,
            ..wgpu::InstanceDescriptor::new_without_display_handle()
        });
        let options = wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            ..Default::default()
        };
        let adapter =
            instance.request_adapter(&options).await.map_err(|e| GpuError::None(e.to_string()))?;
        let descriptor = wgpu::DeviceDescriptor {
            required_limits: wgpu::Limits::default(),
            ..Default::default()
        };
        let (device, queue) =
            adapter.request_device(&descriptor).await.map_err(|e| GpuError::None(e.to_string()))?;
        let lost = Arc::new(OnceLock::new());
        let reason = Arc::clone(&lost);
        device.set_device_lost_callback(move |_, message| {
            reason.get_or_init(|| message);
        });
        // A call that fails leaves results that cannot be trusted: as good as lost.
        let reason = Arc::clone(&lost);
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            reason.get_or_init(|| error.to_string());
        }));
        let info = adapter.get_info();
        let name = match info.name.as_str() {
            "" => [info.driver.as_str(), "WebGPU"].into_iter().find(|n| !n.is_empty()),
            name => Some(name),
        };
        Ok(Self { device, queue, name: name.unwrap_or_default().to_owned(), lost })
    }

    /// What the GPU calls itself; browsers may not say.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Is it still there?
    ///
    /// # Errors
    /// No; why.
    pub fn check(&self) -> Result<(), GpuError> {
        self.lost.get().map_or(Ok(()), |reason| Err(GpuError::Lost(reason.clone())))
    }

    /// Destroy the device, as a reset of the driver would.
    pub fn destroy(&self) {
        self.device.destroy();
    }

    /// Wait for the work that was given, then read the first bytes of a buffer.
    pub(crate) async fn read<T>(
        &self,
        buffer: &wgpu::Buffer,
        bytes: u64,
        take: impl FnOnce(&[u8]) -> T,
    ) -> Result<T, GpuError> {
        let (sender, receiver) = oneshot::channel();
        buffer.map_async(wgpu::MapMode::Read, ..bytes, move |outcome| {
            // No one waits any more: then no one needs it.
            let _ = sender.send(outcome);
        });
        // Natively someone has to push; in a browser the event loop does.
        let _ = self.device.poll(wgpu::PollType::wait_indefinitely());
        let outcome = receiver.await;
        self.check()?;
        let lost = || GpuError::Lost("nothing came back".into());
        outcome.map_err(|_| lost())?.map_err(|_| lost())?;
        let taken = {
            let view = buffer.get_mapped_range(..bytes).map_err(|_| lost())?;
            take(&view)
        };
        buffer.unmap();
        Ok(taken)
    }
}
