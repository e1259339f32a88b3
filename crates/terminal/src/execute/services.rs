//! SERVICE SEARCH, GET SERVICE INFORMATION, DECLARE SERVICE.

use alloc::vec::Vec;

use oxisim_toolkit::{
    Answer, Problem,
    codes::{BipProblem, GeneralResult},
    command::{DeclareService, GetServiceInformation, ServiceSearch},
    objects::{ServiceAvailability, ServiceRecord},
};

use crate::{
    DeclaredService, Event, LocalBearer, Terminal,
    session::{Job, Outcome},
};

/// Services that a card can declare: their identifiers are 0 to 7.
const SERVICES: u8 = 8;

impl Terminal {
    /// What is found is told by its handles, one after another; nothing if nothing is found.
    pub(super) fn search_services(&mut self, job: &Job, command: &ServiceSearch) -> Outcome {
        let Some(bearer) = bearer(job) else {
            return job.result(GeneralResult::COMMAND_DATA_NOT_UNDERSTOOD);
        };
        self.show_alpha(command.alpha.as_ref());
        let filter = command.devices.as_ref().map(|devices| &devices.filter[..]).unwrap_or_default();
        let nearby = self.config.environment.local_services.iter();
        let services: Vec<u8> = nearby
            .filter(|service| service.is_over(bearer) && service.passes(filter))
            .filter(|service| service.is_found_by(&command.search.search))
            .flat_map(|service| service.handle.iter().copied())
            .collect();
        job.done_with(Answer { services: Some(ServiceAvailability { services }), ..Answer::default() })
    }

    pub(super) fn get_service_information(&mut self, job: &Job, command: &GetServiceInformation) -> Outcome {
        let Some(bearer) = bearer(job) else {
            return job.result(GeneralResult::COMMAND_DATA_NOT_UNDERSTOOD);
        };
        self.show_alpha(command.alpha.as_ref());
        let mut nearby = self.config.environment.local_services.iter();
        let asked = nearby
            .find(|service| service.is_over(bearer) && service.is_named_in(&command.attributes.attributes));
        let Some(found) = asked else {
            return job.result(Problem::Bearer(BipProblem::SERVICE_ERROR));
        };
        let record = ServiceRecord { technology: found.bearer.0, service: 0, record: found.record.clone() };
        job.done_with(Answer { service_record: Some(record), ..Answer::default() })
    }

    /// A service with an identifier that is in use takes the place of the one that has it.
    pub(super) fn declare_service(&mut self, job: &Job, command: DeclareService) -> Outcome {
        let DeclareService { record, transport } = command;
        let identifier = record.service;
        if identifier >= SERVICES || !LocalBearer::ALL.contains(&LocalBearer(record.technology)) {
            return job.result(GeneralResult::COMMAND_DATA_NOT_UNDERSTOOD);
        }
        let count = self.card.services.len();
        self.card.services.retain(|service| service.record.service != identifier);
        let is_deleted = job.qualifier(1);
        if is_deleted && self.card.services.len() == count {
            return job.result(Problem::Bearer(BipProblem::SERVICE_IDENTIFIER_UNKNOWN));
        }
        if is_deleted {
            self.event(Event::ServiceDeleted(identifier));
        } else {
            let service = DeclaredService { record, transport };
            self.card.services.push(service.clone());
            self.event(Event::ServiceDeclared(service));
        }
        job.done()
    }

    /// The services that the card offers to devices nearby.
    #[must_use]
    pub fn declared_services(&self) -> &[DeclaredService] {
        &self.card.services
    }
}

/// The technology in the qualifier, if there is such a one.
fn bearer(job: &Job) -> Option<LocalBearer> {
    Some(LocalBearer(job.details().qualifier)).filter(|bearer| LocalBearer::ALL.contains(bearer))
}
