//! One set of 24 px line drawings.

use leptos::prelude::*;

/// A drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "a picture's name says what it shows")]
pub enum Icon {
    Add,
    Alert,
    Ask,
    Back,
    Bin,
    Check,
    Cautery,
    Chip,
    Clamp,
    Clock,
    Close,
    Download,
    EyeOff,
    EyeOn,
    Fade,
    Folder,
    Forceps,
    Grid,
    Info,
    Isolate,
    Keyboard,
    Layers,
    Lock,
    Octagon,
    Orbit,
    Pencil,
    Person,
    Play,
    Probe,
    Redo,
    Restart,
    Scalpel,
    Scan,
    Scissors,
    Search,
    Section,
    Sun,
    Undo,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Self::Add => "M12 4v16M4 12h16",
            Self::Alert => "M12 4 2.8 19.500h18.400zM12 10v4.500M12 17v.1",
            Self::Ask => {
                "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17ZM9.500 9.500a2.500 2.500 0 1 1 3.500 2.300c-.7.300-1 .8-1 1.700M12 16.500v.1"
            }
            Self::Back => "m14.500 5.500-6.500 6.500 6.500 6.500",
            Self::Bin => {
                "M4.500 7h15M9.500 7V4.500h5V7M6.500 7l1 12.500h9l1-12.500M10.300 10.500v5.500M13.700 10.500v5.500"
            }
            Self::Check => "m5 12.500 4.500 4.500L19 7.500",
            Self::Chip => {
                "M7 7h10v10H7zM10 3.500V7M14 3.500V7M10 17v3.500M14 17v3.500M3.500 10H7M3.500 14H7M17 10h3.500M17 14h3.500"
            }
            Self::Cautery => {
                "M4 20l2.500-4.500M6.500 15.500l3 2M6.500 15.500 15 4.500l4 3-9.500 10M5.500 6.500v.1M9 4v.1M4 10.500v.1"
            }
            Self::Clamp => {
                "M5 4c0 5 3 7 7 9.500M19 4c0 5-3 7-7 9.500M12 13.500v3M9.500 16.500h5v4h-5z"
            }
            Self::Clock => {
                "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17ZM12 7.500V12l3 2"
            }
            Self::Close => "M6 6l12 12M18 6 6 18",
            Self::Download => "M12 4v10m0 0-4-4m4 4 4-4M5 19h14",
            Self::EyeOff => {
                "M4 4l16 16M9.500 5.900A9 9 0 0 1 12 5.500c6 0 9.500 6.500 9.500 6.500a16 16 0 0 1-2.800 3.500M6 7.500A15.500 15.500 0 0 0 2.500 12S6 18.500 12 18.500a9 9 0 0 0 4-1"
            }
            Self::EyeOn => {
                "M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12ZM12 9.200a2.800 2.800 0 1 0 0 5.600 2.800 2.800 0 0 0 0-5.600Z"
            }
            Self::Fade => {
                "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17ZM12 3.500v17M12 7.500h7M12 12h8.500M12 16.500h7"
            }
            Self::Folder => "M3.500 6h6l2 2.500h9v10.500h-17z",
            Self::Forceps => "M12 3.500 8 14l1.500 6.500M12 3.500 16 14l-1.500 6.500M12 3.500V8",
            Self::Grid => "M4 5h6v14H4zM14 5h6v6h-6zM14 15h6v4h-6z",
            Self::Info => {
                "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17ZM12 11v5M12 8v.1"
            }
            Self::Isolate => {
                "M12 8.800a3.200 3.200 0 1 0 0 6.400 3.200 3.200 0 0 0 0-6.400ZM4 8V4h4M20 8V4h-4M4 16v4h4M20 16v4h-4"
            }
            Self::Keyboard => {
                "M3.500 6.500h17v11h-17zM7 10v.1M10.300 10v.1M13.700 10v.1M17 10v.1M8.500 14h7"
            }
            Self::Layers => "m12 4 8.500 4.500L12 13 3.500 8.500zM3.500 13 12 17.500 20.500 13",
            Self::Lock => "M6 10.500h12v9H6zM8.500 10.500V8a3.500 3.500 0 0 1 7 0v2.500",
            Self::Octagon => "M8.500 3.500h7l5 5v7l-5 5h-7l-5-5v-7zM12 8v5M12 16v.1",
            Self::Orbit => {
                "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM20.500 12c0 2.500-3.800 4.500-8.500 4.500S3.500 14.500 3.500 12 7.300 7.500 12 7.500c2 0 3.900.4 5.300 1M17.500 5v3.700h-3.700"
            }
            Self::Pencil => "M4.500 19.500l1-4L16 5l3 3L8.500 18.500zM14 7l3 3",
            Self::Person => {
                "M12 4.200a3.800 3.800 0 1 0 0 7.600 3.800 3.800 0 0 0 0-7.600ZM4.500 20c.8-3.800 3.800-6 7.500-6s6.700 2.200 7.500 6"
            }
            Self::Play => "M8.500 6v12l10-6z",
            Self::Probe => "M8 13.500a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM10.200 14.400 19.500 4",
            Self::Redo => "M20 10h-9.500a5.500 5.500 0 0 0 0 11H14M20 10l-4-4M20 10l-4 4",
            Self::Scalpel => {
                "M3.500 20.500c4-.4 7.200-2 9.500-4.600l-2.600-2.600c-3.400 2-5.700 4.400-6.900 7.200ZM10.400 13.300l8.200-8.600a1.900 1.900 0 0 1 2.700 2.700L13 15.900"
            }
            Self::Restart => "M4.500 12a7.500 7.500 0 1 0 2.200-5.300L4 9.300M4 4.500v4.800h4.800",
            Self::Scan => {
                "M4 8V5a1 1 0 0 1 1-1h3M16 4h3a1 1 0 0 1 1 1v3M20 16v3a1 1 0 0 1-1 1h-3M8 20H5a1 1 0 0 1-1-1v-3M4 12h16"
            }
            Self::Scissors => {
                "M6.500 15.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5ZM17.500 15.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5ZM7.800 15.900 16 3.500M16.200 15.900 8 3.500"
            }
            Self::Search => {
                "M11 4.500a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13ZM20 20l-4.300-4.300"
            }
            Self::Section => {
                "M4 16.500 12 21l8-4.500M4 7.500 12 3l8 4.500L12 12zM4 7.500v9M20 7.500v9M12 12v9"
            }
            Self::Undo => "M4 10h9.500a5.500 5.500 0 0 1 0 11H10M4 10l4-4M4 10l4 4",
            Self::Sun => {
                "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 2.500v2M12 19.500v2M2.500 12h2M19.500 12h2M5.300 5.300l1.400 1.400M17.300 17.300l1.400 1.400M5.300 18.700l1.400-1.400M17.300 6.700l1.400-1.400"
            }
        }
    }
}

/// Draw an icon; words beside it or the button's label say what it means.
pub fn icon(icon: Icon, class: &'static str) -> impl IntoView {
    view! {
        <svg class=format!("icon {class}") viewBox="0 0 24 24" aria-hidden="true">
            <path d=icon.path() />
        </svg>
    }
}
