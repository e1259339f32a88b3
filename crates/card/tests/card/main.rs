//! The card, driven by nothing but APDUs.

mod applet_memory;
mod classes_and_instructions;
mod default_profile;
mod file_control_parameters;
mod hello;
mod records;
mod registry;
mod selection;
mod sms_pp_download;
mod survival;
mod tearing;
mod terminal;
mod toolkit_session;
mod transparent_files;
