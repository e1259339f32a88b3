//! SERVICE SEARCH, GET SERVICE INFORMATION, DECLARE SERVICE. What is searched for is coded as in SDP of Bluetooth.

use oxisim_terminal::{Config, DeclaredService, Environment, Event, LocalBearer, LocalService};
use oxisim_toolkit::objects::ServiceRecord;

use crate::bench::Bench;

/// A printer (UUID 1118, class of device 040680) and a network access point (UUID 1102), both over Bluetooth, and a
/// port of RS232.
fn nearby() -> Bench {
    let service = |bearer, device: &[u8], class: &[u8], handle: &[u8], record: &[u8]| LocalService {
        bearer,
        device: device.to_vec(),
        class: class.to_vec(),
        handle: handle.to_vec(),
        record: record.to_vec(),
    };
    let local_services = vec![
        service(LocalBearer::BLUETOOTH, &[4, 6, 0x80], &[0x11, 0x18], &[0, 1, 0, 1], &[0x35, 0x00]),
        service(LocalBearer::BLUETOOTH, &[2, 3, 0], &[0x11, 0x02], &[0, 1, 0, 2], &[0x35, 0x01]),
        service(LocalBearer::RS232, &[], &[7], &[9], &[]),
    ];
    let environment = Environment { local_services, ..Environment::default() };
    Bench::ready_with(Config { environment, ..Config::default() })
}

#[test]
fn a_search_finds_the_services_of_its_technology_that_it_is_for() {
    let mut bench = nearby();
    // Every technology and service.
    bench.carries_out("D00C810301450082028182430100", "810301450082028281830100C509000100010001000209");
    // Bluetooth; printers.
    bench.carries_out("D00C810301450182028182430101", "810301450182028281830100C5080001000100010002");
    bench.carries_out("D0118103014501820281824306013503191118", "810301450182028281830100C50400010001");
    // Nothing over infrared.
    bench.carries_out("D00C810301450282028182430102", "810301450282028281830100C500");
}

#[test]
fn a_device_filter_lets_its_devices_pass() {
    let mut bench = nearby();
    bench.carries_out("D012810301450182028182430101420401020300", "810301450182028281830100C50400010002");
}

#[test]
fn what_is_known_of_a_service_is_told_to_who_names_it() {
    let mut bench = nearby();
    bench.carries_out("D010810301460182028182C4050100010002", "810301460182028281830100C10401003501");
    bench.carries_out("D010810301460182028182C4050100010003", "81030146018202828183023A08");
}

#[test]
fn a_technology_that_there_is_not_is_not_understood() {
    let mut bench = nearby();
    bench.carries_out("D00C810301450582028182430105", "810301450582028281830132");
    bench.carries_out("D00D810301460582028182C4020541", "810301460582028281830132");
    bench.carries_out("D00E810301470082028182C103050141", "810301470082028281830132");
}

#[test]
fn the_card_declares_services_and_takes_them_back() {
    let mut bench = nearby();
    bench.carries_out("D00E810301470082028182C103010241", "810301470082028281830100");
    let record = ServiceRecord { technology: 1, service: 2, record: vec![0x41] };
    let service = DeclaredService { record, transport: None };
    assert_eq!(bench.phone.declared_services(), std::slice::from_ref(&service));
    assert!(bench.saw(&Event::ServiceDeclared(service)));
    // Another with the same identifier, over a port.
    bench.carries_out("D013810301470082028182C1030102423C03031F40", "810301470082028281830100");
    assert_eq!(bench.phone.declared_services().len(), 1);
    assert_eq!(bench.phone.declared_services()[0].record.record, [0x42]);
    bench.carries_out("D00D810301470182028182C1020102", "810301470182028281830100");
    assert!(bench.saw(&Event::ServiceDeleted(2)));
    bench.carries_out("D00D810301470182028182C1020102", "81030147018202828183023A09");
    bench.carries_out("D00D810301470082028182C1020108", "810301470082028281830132");
}

#[test]
fn a_reset_of_the_card_takes_its_services_back() {
    let mut bench = nearby();
    bench.carries_out("D00E810301470082028182C103010241", "810301470082028281830100");
    bench.phone.switch_off(bench.now);
    assert_eq!(bench.phone.declared_services(), []);
}
