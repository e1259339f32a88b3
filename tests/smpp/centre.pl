#!/usr/bin/perl
# An SMS centre of Net::SMPP for one ESME. It says on standard output where it listens and what it reads.
use strict;
use warnings;
use Net::SMPP;

$| = 1;
alarm 60;
my $listener = Net::SMPP->new_listen('127.0.0.1', port => 0, smpp_version => 0x34) or die "no port: $!";
print 'port ', $listener->sockport, "\n";

sub accept_and_bind {
    my $esme = $listener->accept or die "no connection: $!";
    $esme->set_version(0x34);
    my $bind = $esme->read_pdu or die 'no bind';
    printf "bind %08X %s %s %02X\n", @$bind{qw(cmd system_id password interface_version)};
    $esme->bind_transceiver_resp(system_id => 'perl', seq => $bind->{seq});
    return $esme;
}

# The next message; a question whether anybody is there is answered on the way.
sub read_submit {
    my $esme = shift;
    while (my $pdu = $esme->read_pdu) {
        if ($pdu->{cmd} == 0x15) {
            $esme->enquire_link_resp(seq => $pdu->{seq});
            next;
        }
        printf "submit_sm %s/%d/%d %s/%d/%d %02X %02X %02X %02X %s %s %s\n",
            @$pdu{qw(source_addr source_addr_ton source_addr_npi destination_addr dest_addr_ton dest_addr_npi
                     esm_class protocol_id data_coding registered_delivery validity_period)},
            unpack('H*', $pdu->{short_message}), unpack('H*', $pdu->{user_message_reference} // '');
        return $pdu;
    }
    die 'no submit_sm';
}

my @addresses = (
    source_addr_ton => 1, source_addr_npi => 1, source_addr => '15550100001',
    dest_addr_ton => 0, dest_addr_npi => 1, destination_addr => '1000',
    service_type => '', protocol_id => 0, priority_flag => 0, schedule_delivery_time => '', validity_period => '',
    registered_delivery => 0, replace_if_present_flag => 0, sm_default_msg_id => 0,
);

my $esme = accept_and_bind();
my $there = $esme->enquire_link();
printf "enquire_link_resp %d\n", $there->{status};
my $taken = $esme->deliver_sm(@addresses, esm_class => 0x43, data_coding => 4,
    short_message => pack('H*', '027000000d'));
printf "deliver_sm_resp %d\n", $taken->{status};
$esme->alert_notification(source_addr_ton => 1, source_addr_npi => 1, source_addr => '15550100001',
    esme_addr_ton => 0, esme_addr_npi => 1, esme_addr => '1000', async => 1);

# Too much, and then not.
my $submit = read_submit($esme);
$esme->submit_sm_resp(message_id => '', status => 0x58, seq => $submit->{seq});
$submit = read_submit($esme);
$esme->submit_sm_resp(message_id => '1A2B', seq => $submit->{seq});
$taken = $esme->deliver_sm(@addresses, esm_class => 0x04, data_coding => 0,
    short_message => 'id:6699 sub:001 dlvrd:001 submit date:2611271941 done date:2611271942 stat:DELIVRD err:000 text:');
printf "deliver_sm_resp %d\n", $taken->{status};

# The connection drops, and comes again.
$esme->close;
$esme = accept_and_bind();
while (my $pdu = $esme->read_pdu) {
    if ($pdu->{cmd} == 6) {
        print "unbind\n";
        $esme->unbind_resp(seq => $pdu->{seq});
        last;
    }
}
