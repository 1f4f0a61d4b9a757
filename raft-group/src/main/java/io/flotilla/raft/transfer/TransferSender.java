package io.flotilla.raft.transfer;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.runtime.Clock;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.transfer.TransferSource.Chunk;
import io.flotilla.raft.transport.BulkMessage.Ask;
import io.flotilla.raft.transport.BulkMessage.Over;
import io.flotilla.raft.transport.BulkMessage.Part;
import io.flotilla.raft.transport.BulkMessage.Reason;
import io.flotilla.raft.transport.BulkMessage.Refused;
import io.flotilla.raft.transport.TransferId;
import io.flotilla.raft.transport.Transport;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntFunction;

/**
 * Answers those that ask for contents, a few at a time. It keeps no part: an ask says where to go on, and a source can go to any
 * position. Belongs to the transfer lane.
 */
final class TransferSender {
    private static final long NANOS_PER_MILLI = 1_000_000L;

    /** After so many times {@link TransferConfig#resendNanos} without an end the last part is sent again. */
    private static final int REMINDER = 2;

    private final TransferConfig config;
    private final Clock clock;
    private final Lane lane;
    private final Transport transport;
    private final IntFunction<TransferProvider> providers;
    private final TransferCounters counters;
    private final RateLimit rate;
    private final Map<Key, Sending> all = new TreeMap<>();
    private boolean pumpPlanned;

    private record Key(NodeId peer, TransferId id) implements Comparable<Key> {
        private static final Comparator<Key> ORDER =
                Comparator.comparing(Key::peer).thenComparing(Key::id);

        @Override
        public int compareTo(Key other) {
            return ORDER.compare(this, other);
        }
    }

    /** One content on its way to one node. */
    private static final class Sending {
        final Key key;
        final TransferProvider provider;
        /** Null while it is opened. */
        TransferSource source;

        Ask asked;
        long next;
        /** The number of the first part that was not asked for yet. */
        long end;

        boolean isAllRead;
        long heardAt;
        /** When the last part was sent, and sent again. */
        long lastSentAt;

        Sending(Key key, TransferProvider provider) {
            this.key = key;
            this.provider = provider;
        }
    }

    TransferSender(
            TransferConfig config,
            Clock clock,
            Lane lane,
            Transport transport,
            IntFunction<TransferProvider> providers,
            TransferPace pace,
            TransferCounters counters) {
        this.config = config;
        this.clock = clock;
        this.lane = lane;
        this.transport = transport;
        this.providers = providers;
        this.counters = counters;
        this.rate = new RateLimit(clock, pace::bytesPerSecond);
    }

    boolean isBusy() {
        return !all.isEmpty();
    }

    void asked(NodeId from, Ask ask) {
        Key key = new Key(from, ask.id());
        Sending sending = all.get(key);
        if (sending == null) {
            begin(key, ask);
            return;
        }
        sending.heardAt = clock.nanos();
        sending.provider.asked(from, ask.id());
        if (sending.source == null) {
            sending.asked = ask;
        } else {
            goOn(sending, ask);
        }
    }

    private void begin(Key key, Ask ask) {
        TransferProvider provider = providers.apply(ask.id().kind());
        if (provider == null) {
            refuse(
                    key,
                    Reason.REFUSED,
                    0,
                    "this node has no transfers of kind " + ask.id().kind());
            return;
        }
        if (all.size() >= config.maxSending()) {
            refuse(key, Reason.BUSY, config.retryNanos(), "");
            return;
        }
        Sending sending = new Sending(key, provider);
        sending.asked = ask;
        sending.heardAt = clock.nanos();
        all.put(key, sending);
        AtomicBoolean answered = new AtomicBoolean();
        provider.open(key.peer, key.id, ask.position(), new TransferProvider.Opening() {
            @Override
            public void opened(TransferSource source) {
                if (answered.compareAndSet(false, true)) {
                    lane.execute(() -> TransferSender.this.opened(sending, source));
                }
            }

            @Override
            public void refused(Reason reason, long retryNanos, String text) {
                if (answered.compareAndSet(false, true)) {
                    lane.execute(() -> {
                        if (all.remove(key, sending)) {
                            refuse(key, reason, retryNanos, text);
                        }
                    });
                }
            }
        });
    }

    private void opened(Sending sending, TransferSource source) {
        if (all.get(sending.key) != sending) {
            source.close();
            return;
        }
        sending.source = source;
        if (seek(sending, sending.asked)) {
            goOn(sending, sending.asked);
        }
    }

    private void goOn(Sending sending, Ask ask) {
        // who asks again behind what was the last part here holds parts of an earlier pass, which were cut otherwise
        boolean isElsewhere =
                ask.next() > sending.next || (ask.again() && (ask.next() < sending.next || sending.isAllRead));
        if (isElsewhere && !seek(sending, ask)) {
            return;
        }
        sending.end = Math.max(sending.end, ask.next() + Math.min(ask.window(), config.windowParts()));
        send(sending);
    }

    private boolean seek(Sending sending, Ask ask) {
        try {
            sending.source.seek(ask.position());
        } catch (IllegalArgumentException e) {
            close(sending);
            refuse(sending.key, Reason.GONE, 0, e.getMessage());
            sending.provider.misplaced(sending.key.peer, sending.key.id);
            return false;
        } catch (RuntimeException | Error e) {
            fail(sending, e);
            return false;
        }
        sending.next = ask.next();
        sending.end = ask.next();
        sending.isAllRead = false;
        return true;
    }

    private void send(Sending sending) {
        while (!sending.isAllRead && sending.next < sending.end && maySend()) {
            Chunk chunk;
            try {
                chunk = sending.source.next(config.partBytes());
            } catch (RuntimeException | Error e) {
                fail(sending, e);
                return;
            }
            sending.isAllRead = chunk == null;
            Part part = chunk == null
                    ? new Part(sending.key.id, sending.next, true, new byte[0], new byte[0])
                    : new Part(sending.key.id, sending.next, false, chunk.after(), chunk.bytes());
            sending.next++;
            sending.lastSentAt = clock.nanos();
            int bytes = part.after().length + part.bytes().length;
            rate.sent(bytes);
            counters.bytesOut.add(bytes);
            transport.sendBulk(sending.key.peer, part);
        }
    }

    /** Whether the rate allows one more part now; if not, all go on when it does. */
    private boolean maySend() {
        long wait = rate.waitNanos();
        if (wait <= 0) {
            return true;
        }
        if (!pumpPlanned) {
            pumpPlanned = true;
            lane.after(wait, this::pump);
        }
        return false;
    }

    private void pump() {
        pumpPlanned = false;
        for (Sending sending : copy()) {
            if (sending.source != null && all.get(sending.key) == sending) {
                send(sending);
            }
        }
    }

    private List<Sending> copy() {
        return new ArrayList<>(all.values());
    }

    private void refuse(Key key, Reason reason, long retryNanos, String text) {
        int millis = (int) Math.min(Integer.MAX_VALUE, retryNanos / NANOS_PER_MILLI);
        transport.sendBulk(key.peer, new Refused(key.id, reason, millis, text));
    }

    private void fail(Sending sending, Throwable cause) {
        close(sending);
        refuse(sending.key, Reason.REFUSED, 0, "it can't be read: " + cause);
        sending.provider.closed(sending.key.peer, sending.key.id, cause);
    }

    private void close(Sending sending) {
        all.remove(sending.key, sending);
        if (sending.source != null) {
            sending.source.close();
        }
    }

    void over(NodeId from, Over over) {
        Sending sending = all.get(new Key(from, over.id()));
        if (sending != null) {
            close(sending);
        }
        TransferProvider provider = providers.apply(over.id().kind());
        if (provider != null) {
            provider.over(from, over.id(), over.outcome(), over.text());
        }
    }

    void tick() {
        long now = clock.nanos();
        for (Sending sending : copy()) {
            // one that is still being opened too: its place is another's then
            if (now - sending.heardAt >= config.silenceNanos()) {
                close(sending);
                sending.provider.closed(sending.key.peer, sending.key.id, null);
            } else if (sending.isAllRead && now - sending.lastSentAt >= REMINDER * config.resendNanos()) {
                remind(sending, now);
            }
        }
    }

    /** The receiver may have said that it is over, and that was lost: whoever has ended it says so again to the last part. */
    private void remind(Sending sending, long now) {
        sending.lastSentAt = now;
        transport.sendBulk(
                sending.key.peer, new Part(sending.key.id, sending.next - 1, true, new byte[0], new byte[0]));
    }

    void stop() {
        copy().forEach(this::close);
    }
}
