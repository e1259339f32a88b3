#!/usr/bin/perl
# An ESME of Net::SMPP for the SMS centre at PORT: a transmitter and a receiver. It says on standard output what it is told.
use strict;
use warnings;
use Net::SMPP;

$| = 1;
alarm 60;
my ($port) = @ARGV;
my @how = (port => $port, smpp_version => 0x34, interface_version => 0x34, system_id => 'perl', system_type => '');

my ($none, $refused) = Net::SMPP->new_transmitter('127.0.0.1', @how, password => 'wrong');
printf "bind_transmitter_resp %X\n", $refused->{status};

my ($transmitter, $bound) = Net::SMPP->new_transmitter('127.0.0.1', @how, password => 'secret');
printf "bind_transmitter_resp %X %s\n", $bound->{status}, $bound->{system_id};
my $submitted = $transmitter->submit_sm(
    source_addr_ton => 0, source_addr_npi => 1, source_addr => '1000',
    dest_addr_ton => 1, dest_addr_npi => 1, destination_addr => '15550100001',
    esm_class => 0x40, protocol_id => 0x7F, data_coding => 0xF6, registered_delivery => 1,
    validity_period => '000000013000000R', short_message => pack('H*', '02700000017f'),
    user_message_reference => pack('n', 0x0102));
printf "submit_sm_resp %X %s\n", @$submitted{qw(status message_id)};
my @which = (message_id => '1A2B', source_addr_ton => 0, source_addr_npi => 1, source_addr => '1000');
my $replaced = $transmitter->replace_sm(@which, validity_period => '000000000500000R', registered_delivery => 2,
    short_message => pack('H*', '027000ff'));
printf "replace_sm_resp %X\n", $replaced->{status};
my $queried = $transmitter->query_sm(@which);
printf "query_sm_resp %X %s %s %d %d\n", @$queried{qw(status message_id final_date message_state error_code)};
my $cancelled = $transmitter->cancel_sm(@which, dest_addr_ton => 1, dest_addr_npi => 1, destination_addr => '15550100001');
printf "cancel_sm_resp %X\n", $cancelled->{status};
# submit_multi, which nobody takes here.
syswrite $transmitter, pack('N4', 16, 0x21, 0, 99);
my $nack = $transmitter->read_pdu;
printf "%08X %X %d\n", @$nack{qw(cmd status seq)};
printf "enquire_link_resp %X\n", $transmitter->enquire_link()->{status};

my ($receiver, $also) = Net::SMPP->new_receiver('127.0.0.1', @how, password => 'secret');
printf "bind_receiver_resp %X %s\n", $also->{status}, $also->{system_id};
my $delivered = $receiver->read_pdu;
printf "deliver_sm %s %s %02X %02X %s\n", @$delivered{qw(source_addr destination_addr esm_class data_coding)},
    unpack('H*', $delivered->{short_message});
$receiver->deliver_sm_resp(message_id => '', seq => $delivered->{seq}, status => 0x64);
my $alert = $receiver->read_pdu;
printf "alert_notification %s %s\n", @$alert{qw(source_addr esme_addr)};

printf "unbind_resp %X\n", $_->unbind()->{status} for $transmitter, $receiver;
