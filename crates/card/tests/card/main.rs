//! The card, driven by nothing but APDUs.

mod access_rules;
mod applet_memory;
mod channels;
mod classes_and_instructions;
mod data_objects;
mod default_profile;
mod file_control_parameters;
mod further_commands;
mod get_response;
mod hello;
mod images;
mod life_cycles;
mod pins;
mod records;
mod registry;
mod resets;
mod selection;
mod sharing;
mod sms_pp_download;
mod survival;
mod suspension;
mod tearing;
mod terminal;
mod toolkit_session;
mod transparent_files;
