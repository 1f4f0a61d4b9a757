package io.flotilla.raft.transfer;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.runtime.Clock;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.transfer.TransferTarget.Failure;
import io.flotilla.raft.transport.BulkMessage;
import io.flotilla.raft.transport.BulkMessage.Ask;
import io.flotilla.raft.transport.BulkMessage.Offer;
import io.flotilla.raft.transport.BulkMessage.Outcome;
import io.flotilla.raft.transport.BulkMessage.Over;
import io.flotilla.raft.transport.BulkMessage.Part;
import io.flotilla.raft.transport.BulkMessage.Reason;
import io.flotilla.raft.transport.BulkMessage.Refused;
import io.flotilla.raft.transport.TransferId;
import io.flotilla.raft.transport.Transport;
import java.io.IOException;
import java.io.SyncFailedException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches contents from other nodes, a few at a time, and keeps their parts durably until the transfer ends. Parts are taken in order
 * only; what comes early, double or late is dropped and, if it is missing, asked for again. Belongs to the transfer lane.
 */
public final class TransferReceiver {
    private static final Logger LOG = LoggerFactory.getLogger(TransferReceiver.class);

    /** Ends that a sender may not have heard of; it offers again soon or never. */
    private static final int MAX_ENDS = 256;

    /** For so many parts nobody waits long: they are fetched again from another node. */
    private static final int LITTLE_PARTS = 64;

    private static final int UNHEARD_ASKS = 6;
    private static final int LONGEST_BACKOFF = 3;
    private static final long NANOS_PER_MILLI = 1_000_000L;

    private final TransferConfig config;
    private final Clock clock;
    private final Lane lane;
    private final Transport transport;
    private final IntFunction<TransferTarget> targets;
    private final TransferCounters counters;
    private final RateLimit rate;
    private final PartFiles files;
    private Consumer<Throwable> nodeFailed = cause -> {};
    private final Map<TransferId, Fetching> all = new TreeMap<>();
    private final Map<TransferId, Over> ends = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<TransferId, Over> eldest) {
            return size() > MAX_ENDS;
        }
    };

    /** One content on its way to this node. */
    private static final class Fetching {
        final NodeId from;
        final TransferId id;
        final TransferTarget target;
        final TransferStore store;

        long unforcedBytes;
        /** The part up to which parts were asked for. */
        long askedUpTo;
        /** When it was asked last, and not before when again. */
        long askAt;

        int unansweredAsks;
        /** More will be asked for when the rate allows it. */
        boolean isAskPlanned;
        /** The last part that was asked for again because a later one came; -1 before. */
        long missing = -1;

        long progressAt;

        Fetching(NodeId from, TransferId id, TransferTarget target, TransferStore store) {
            this.from = from;
            this.id = id;
            this.target = target;
            this.store = store;
        }
    }

    TransferReceiver(
            TransferConfig config,
            Clock clock,
            Lane lane,
            Transport transport,
            Disk disk,
            IntFunction<TransferTarget> targets,
            TransferPace pace,
            TransferCounters counters) {
        this.config = config;
        this.clock = clock;
        this.lane = lane;
        this.rate = new RateLimit(clock, pace::bytesPerSecond);
        this.transport = transport;
        this.targets = targets;
        this.counters = counters;
        this.files = new PartFiles(disk);
    }

    /** @param listener hears of a sync that failed, which is no matter of one transfer: the node stops */
    void tellFailedSyncs(Consumer<Throwable> listener) {
        nodeFailed = listener;
    }

    private void syncFailed(IOException e) {
        if (e instanceof SyncFailedException) {
            nodeFailed.accept(e.getCause());
        }
    }

    boolean isBusy() {
        return !all.isEmpty();
    }

    /** Goes on with what earlier runs began. Once, before everything else. */
    void recover() throws IOException {
        for (PartFile file : files.recover()) {
            TransferTarget target = targets.apply(file.id().kind());
            boolean isOfUse = target != null && !all.containsKey(file.id()) && target.recovered(file.from(), file.id());
            if (isOfUse) {
                file.force();
                Fetching fetching = new Fetching(file.from(), file.id(), target, file);
                fetching.progressAt = clock.nanos();
                all.put(fetching.id, fetching);
                tellWhatIsHere(fetching);
            } else {
                file.delete();
            }
        }
    }

    private void tellWhatIsHere(Fetching fetching) throws IOException {
        if (fetching.store.next() > 0) {
            fetching.target.begun(fetching.id, fetching.store.read().next());
        }
        if (all.get(fetching.id) != fetching) {
            return;
        }
        if (fetching.store.isWhole()) {
            fetching.target.whole(fetching.id, fetching.store);
        } else {
            ask(fetching, true);
        }
    }

    void offered(NodeId from, Offer offer) {
        Fetching fetching = all.get(offer.id());
        Over end = ends.get(offer.id());
        if (fetching != null) {
            answerOffer(fetching);
        } else if (end != null) {
            transport.sendBulk(from, end);
        } else {
            TransferTarget target = targets.apply(offer.id().kind());
            if (target == null) {
                decline(
                        from,
                        offer.id(),
                        Outcome.GIVEN_UP,
                        "this node takes no transfers of kind " + offer.id().kind());
            } else {
                target.offered(from, offer.id());
            }
        }
    }

    /** Asks on; or, if everything is here, says that it is still being taken over. */
    private void answerOffer(Fetching fetching) {
        TransferStore store = fetching.store;
        if (store.isWhole()) {
            transport.sendBulk(fetching.from, new Ask(fetching.id, store.next(), store.position(), 0, false));
        } else {
            fetching.askAt = Math.min(fetching.askAt, clock.nanos() + config.resendNanos());
        }
    }

    /** Says that an offer is not taken. */
    public void decline(NodeId from, TransferId id, Outcome outcome, String text) {
        transport.sendBulk(from, new Over(id, outcome, text));
    }

    /** Whether so many transfers are on their way to this node that another one has to wait. */
    public boolean isFull() {
        return all.size() >= config.maxReceiving();
    }

    /**
     * Begins to fetch a content from a node, keeping its parts in a file. Does nothing if it is being fetched.
     *
     * @return false if too many are, or the file can't be made: nothing was begun
     */
    public boolean fetch(NodeId from, TransferId id, TransferTarget target) {
        if (all.containsKey(id)) {
            return true;
        }
        if (isFull()) {
            return false;
        }
        TransferStore store;
        try {
            store = files.create(id, from);
        } catch (IOException e) {
            syncFailed(e);
            LOG.warn("transfer {} from {} can't be begun, for its file can't be made: {}", id, from, e.getMessage());
            return false;
        }
        return fetch(from, id, target, store);
    }

    /**
     * The same with a store of the caller's, which may hold parts already. It is not found again after a restart: then the caller calls
     * this again.
     */
    public boolean fetch(NodeId from, TransferId id, TransferTarget target, TransferStore store) {
        if (isFull() || all.containsKey(id)) {
            return false;
        }
        Fetching fetching = new Fetching(from, id, target, store);
        fetching.progressAt = clock.nanos();
        all.put(id, fetching);
        ask(fetching, true);
        return true;
    }

    /**
     * Whether nothing came for so long that another sender should have its turn: {@link TransferConfig#patienceNanos}, or a few asks
     * while there is little here yet. True if there is no such transfer.
     */
    public boolean isOverdue(TransferId id) {
        Fetching fetching = all.get(id);
        if (fetching == null) {
            return true;
        }
        boolean isLittle = fetching.store.next() < LITTLE_PARTS;
        long patience = isLittle
                ? Math.min(config.patienceNanos(), UNHEARD_ASKS * config.resendNanos())
                : config.patienceNanos();
        return !fetching.store.isWhole() && clock.nanos() - fetching.progressAt >= patience;
    }

    /** Ends a transfer: the sender hears it, the parts are deleted. Does nothing if there is none. */
    public void end(TransferId id, Outcome outcome, String text) {
        Fetching fetching = all.get(id);
        if (fetching != null) {
            Over over = new Over(id, outcome, text);
            drop(fetching);
            ends.put(id, over);
            transport.sendBulk(fetching.from, over);
        }
    }

    private void drop(Fetching fetching) {
        all.remove(fetching.id, fetching);
        try {
            fetching.store.delete();
        } catch (IOException e) {
            LOG.warn("the parts of transfer {} can't be deleted, the next start will: {}", fetching.id, e.getMessage());
        }
    }

    private void ask(Fetching fetching, boolean again) {
        TransferStore store = fetching.store;
        fetching.askedUpTo = store.next() + config.windowParts();
        // at the beginning asking again costs next to nothing
        int doublings = store.next() == 0 ? 0 : Math.min(LONGEST_BACKOFF, fetching.unansweredAsks);
        fetching.askAt = clock.nanos() + (config.resendNanos() << doublings);
        transport.sendBulk(
                fetching.from, new Ask(fetching.id, store.next(), store.position(), config.windowParts(), again));
    }

    void part(NodeId from, Part part) {
        Fetching fetching = all.get(part.id());
        if (fetching == null || !fetching.from.equals(from)) {
            Over end = ends.get(part.id());
            if (end != null) {
                transport.sendBulk(from, end);
            }
            return;
        }
        if (part.number() != fetching.store.next() || fetching.store.isWhole()) {
            if (part.number() > fetching.store.next() && fetching.missing != fetching.store.next()) {
                fetching.missing = fetching.store.next();
                ask(fetching, true);
            }
            return;
        }
        try {
            take(fetching, part);
        } catch (IOException e) {
            syncFailed(e);
            String text = "part " + part.number() + " can't be kept: " + e.getMessage();
            end(fetching.id, Outcome.GIVEN_UP, text);
            fetching.target.failed(fetching.id, Failure.DISK, text);
        }
    }

    private void take(Fetching fetching, Part part) throws IOException {
        TransferStore store = fetching.store;
        store.append(part);
        int bytes = part.after().length + part.bytes().length;
        fetching.unforcedBytes += bytes;
        if (part.isLast() || fetching.unforcedBytes >= config.syncBytes()) {
            store.force();
            fetching.unforcedBytes = 0;
        }
        counters.bytesIn.add(bytes);
        rate.sent(bytes);
        fetching.progressAt = clock.nanos();
        fetching.unansweredAsks = 0;
        fetching.askAt = fetching.progressAt + config.resendNanos();
        if (part.number() == 0) {
            fetching.target.begun(fetching.id, part.bytes());
            if (all.get(fetching.id) != fetching) {
                return;
            }
        }
        if (part.isLast()) {
            counters.received.increment();
            fetching.target.whole(fetching.id, store);
        } else if (fetching.askedUpTo - store.next() <= config.windowParts() / 2) {
            askInTime(fetching);
        }
    }

    /** Asks on as soon as the rate allows more parts. */
    private void askInTime(Fetching fetching) {
        long wait = rate.waitNanos();
        if (wait <= 0) {
            ask(fetching, false);
        } else if (!fetching.isAskPlanned) {
            fetching.isAskPlanned = true;
            lane.after(wait, () -> {
                fetching.isAskPlanned = false;
                if (all.get(fetching.id) == fetching && !fetching.store.isWhole()) {
                    askInTime(fetching);
                }
            });
        }
    }

    void refused(NodeId from, Refused refused) {
        Fetching fetching = all.get(refused.id());
        if (fetching == null || !fetching.from.equals(from) || fetching.store.isWhole()) {
            return;
        }
        if (refused.reason() == Reason.BUSY) {
            fetching.askAt = clock.nanos() + Math.max(config.resendNanos(), refused.retryMillis() * NANOS_PER_MILLI);
            return;
        }
        drop(fetching);
        Failure failure = refused.reason() == Reason.GONE ? Failure.GONE : Failure.REFUSED;
        ends.put(fetching.id, new Over(fetching.id, Outcome.GIVEN_UP, refused.text()));
        fetching.target.failed(fetching.id, failure, refused.text());
    }

    /** @param hasCaughtUp whether everything that arrived was looked at: else what is missing may just lie here */
    void tick(boolean hasCaughtUp) {
        long now = clock.nanos();
        for (Fetching fetching : new ArrayList<>(all.values())) {
            if (fetching.store.isWhole()) {
                continue;
            }
            if (now - fetching.progressAt >= config.keepNanos()) {
                String text = "nothing came for " + (now - fetching.progressAt) / (1000 * NANOS_PER_MILLI) + " s";
                end(fetching.id, Outcome.GIVEN_UP, text);
                fetching.target.failed(fetching.id, Failure.SILENT, text);
            } else if (hasCaughtUp && now - fetching.askAt >= 0) {
                fetching.unansweredAsks++;
                ask(fetching, true);
            }
        }
    }

    /** What is here stays, for the next run. */
    void stop() {
        List<Fetching> open = new ArrayList<>(all.values());
        all.clear();
        for (Fetching fetching : open) {
            try {
                fetching.store.close();
            } catch (IOException e) {
                LOG.debug("the file of transfer {} could not be closed", fetching.id, e);
            }
        }
    }

    void handle(NodeId from, BulkMessage message) {
        if (message instanceof Part part) {
            part(from, part);
        } else if (message instanceof Refused refused) {
            refused(from, refused);
        } else if (message instanceof Offer offer) {
            offered(from, offer);
        }
    }
}
