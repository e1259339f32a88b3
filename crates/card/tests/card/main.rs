//! The card, driven by nothing but APDUs.

mod access_rules;
mod administration;
mod applet_memory;
mod authenticate;
mod channels;
mod classes_and_instructions;
mod default_files;
mod default_profile;
mod file_control_parameters;
mod further_commands;
mod hello;
mod images;
mod pins;
mod records;
mod registry;
mod selection;
mod sms_pp_download;
mod survival;
mod tearing;
mod terminal;
mod toolkit_session;
mod transparent_files;
