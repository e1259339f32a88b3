//! Records as a world writes them.

use oxisim_backup::{
    BlockSet, Digest, FromServer, ToServer,
    message::{BackupId, Blocks, Resumes, Source},
};
use oxisim_wire::{Duration, Instant};
use oxisim_world::{Happening, Record, What};

const BACKUP: BackupId = BackupId { source: Source::CARD, generation: 1 };
const MESSAGE_TIME: Duration = Duration::from_millis(4_260);
const SMS_CENTRE: Duration = Duration::from_secs(4);

/// Writes a record by and by.
pub struct Writer {
    record: Record,
    now: Instant,
    total: u16,
    there: BlockSet,
}

impl Writer {
    /// The user has asked for a backup of `total` blocks.
    pub fn new(total: u16) -> Self {
        let now = Instant::from_secs(1_000_000);
        let mut writer = Self { record: Record::default(), now, total, there: BlockSet::empty(total) };
        writer.note(What::PhoneReady { menu: vec!["Back up phonebook".into()] });
        writer.wait(Duration::from_secs(30));
        writer.note(What::Requested { source: Source::CARD });
        writer.wait(Duration::from_secs(4));
        writer
    }

    fn note(&mut self, what: What) {
        self.record.happenings.push(Happening { at: self.now, what });
    }

    /// Nothing happens.
    pub fn wait(&mut self, time: Duration) -> &mut Self {
        self.now = self.now + time;
        self
    }

    /// A burst of blocks, of which some are lost.
    pub fn burst(&mut self, blocks: impl IntoIterator<Item = u16>, lost: &[u16]) -> &mut Self {
        self.note(What::Busy(true));
        for first in blocks {
            let message = ToServer::Blocks(Blocks {
                backup: BACKUP,
                base_distance: 0,
                total: self.total,
                first,
                blocks: vec![vec![0; 100]],
                resumes: Resumes::SERVER,
                delay: None,
                digest: None,
            });
            self.note(What::Sending { message: Some(message), octets: 153, takes: MESSAGE_TIME });
            self.wait(MESSAGE_TIME);
            if lost.contains(&first) {
                self.note(What::Lost { to_server: true });
            } else {
                self.there.insert(first);
            }
        }
        self.note(What::Busy(false));
        self
    }

    /// The server asks for what is missing, or says that all is there.
    pub fn answer(&mut self) -> &mut Self {
        let message = if self.there.is_full() {
            FromServer::Ok { backup: BACKUP, digest: Digest([0; 8]) }
        } else {
            FromServer::Missing { backup: BACKUP, blocks: self.there.complement() }
        };
        self.note(What::Answered(Some(message.clone())));
        self.wait(SMS_CENTRE);
        self.note(What::Delivered(Some(message)));
        self
    }

    /// The server sends what never arrives.
    pub fn lost_answer(&mut self) -> &mut Self {
        let blocks = self.there.complement();
        self.note(What::Answered(Some(FromServer::Missing { backup: BACKUP, blocks })));
        self.note(What::Lost { to_server: false });
        self
    }

    /// A timer of the phone expires.
    pub fn timer(&mut self) -> &mut Self {
        self.note(What::TimerExpired { timer: 1 });
        self
    }

    /// The card asks for a poll interval.
    pub fn poll_interval(&mut self) -> &mut Self {
        let asked = Duration::from_secs(30);
        self.note(What::PollInterval { asked, granted: Some(asked) });
        self
    }

    /// The backup has ended; meanwhile the user has tried to call all the time.
    pub fn end(mut self) -> Record {
        self.wait(Duration::from_millis(100));
        self.note(What::Ended { source: Source::CARD });
        let begin = Instant::from_secs(1_000_030);
        let busy = oxisim_world::busy_stretches(&self.record);
        let calls = (0_u64..).map(|n| begin + Duration::from_millis(7_000 * n + n * n % 11 * 900));
        for at in calls.take_while(|at| *at < self.now) {
            let blocked = busy.iter().any(|(from, to)| (*from..*to).contains(&at));
            self.record.happenings.push(Happening { at, what: What::Call { blocked } });
        }
        self.record.happenings.sort_by_key(|happening| happening.at);
        self.record
    }
}

/// Ten blocks, in subsets of three for which the server asks.
pub fn server_mode() -> Record {
    let mut writer = Writer::new(10);
    for first in [1, 4, 7] {
        writer.burst(first..first + 3, &[]).wait(Duration::from_mins(2)).answer();
    }
    writer.burst(10..=10, &[]).wait(Duration::from_secs(4)).answer();
    writer.end()
}

/// All blocks in one burst.
pub fn normal_mode(total: u16) -> Record {
    let mut writer = Writer::new(total);
    writer.burst(1..=total, &[]).wait(Duration::from_secs(4)).answer();
    writer.end()
}

/// Subsets of three, with a timer between them.
pub fn timer_mode(total: u16) -> Record {
    let mut writer = Writer::new(total);
    for first in (1..=total).step_by(3) {
        if first > 1 {
            writer.wait(Duration::from_mins(2)).timer();
        }
        writer.burst(first..=total.min(first + 2), &[]);
    }
    writer.wait(Duration::from_secs(5)).answer();
    writer.end()
}

/// Subsets of three, with STATUS commands between them.
pub fn status_mode(total: u16) -> Record {
    let mut writer = Writer::new(total);
    writer.poll_interval();
    for first in (1..=total).step_by(3) {
        if first > 1 {
            writer.wait(Duration::from_secs(135));
        }
        writer.burst(first..=total.min(first + 2), &[]);
    }
    writer.wait(Duration::from_secs(5)).answer();
    writer.end()
}

/// A bad network.
pub fn lossy() -> Record {
    let mut writer = Writer::new(14);
    writer.burst(1..=3, &[2]).wait(Duration::from_mins(2)).answer();
    writer.burst([2, 4, 5], &[4, 5]).wait(Duration::from_mins(2)).lost_answer();
    writer.wait(Duration::from_mins(5)).answer();
    writer.burst([4, 5, 6], &[]).wait(Duration::from_mins(2)).answer();
    writer.burst(7..=9, &[8]).wait(Duration::from_mins(2)).answer();
    writer.burst([8, 10, 11], &[11]).wait(Duration::from_mins(2)).answer();
    writer.burst(11..=13, &[]).wait(Duration::from_mins(2)).answer();
    writer.burst(14..=14, &[]).wait(Duration::from_secs(6)).answer();
    writer.end()
}
