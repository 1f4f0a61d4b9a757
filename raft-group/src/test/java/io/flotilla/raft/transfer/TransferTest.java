package io.flotilla.raft.transfer;

import static io.flotilla.raft.transfer.TransferWorld.MILLI;
import static io.flotilla.raft.transfer.TransferWorld.PART;
import static io.flotilla.raft.transfer.TransferWorld.SECOND;
import static io.flotilla.raft.transfer.TransferWorld.content;
import static io.flotilla.raft.transfer.TransferWorld.id;
import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.disk.DiskFile;
import io.flotilla.raft.sim.SimNetwork;
import io.flotilla.raft.transfer.TransferWorld.Node;
import io.flotilla.raft.transport.BulkMessage.Ask;
import io.flotilla.raft.transport.BulkMessage.Outcome;
import io.flotilla.raft.transport.BulkMessage.Over;
import io.flotilla.raft.transport.TransferId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Transfers between nodes in virtual time, whatever happens to either of them and to the network. */
class TransferTest {
    private static final int SIZE = 2_000_000;
    private static final TransferId A = id("a");
    private static final TransferId B = id("b");
    private static final TransferId C = id("c");

    private final TransferWorld world = new TransferWorld(TransferWorld.config(), "n1", "n2", "n3");
    private final Node source = world.nodes.get("n1");
    private final Node target = world.nodes.get("n2");

    private void fetch(TransferId what) {
        source.gives.put(what, SIZE);
        target.fetch("n1", what);
    }

    private void gets(TransferId what) {
        world.until(120 * SECOND, "the whole of " + what, () -> target.got.containsKey(what));
        assertThat(target.got.get(what)).isEqualTo(content(what, SIZE));
        world.run(SECOND);
        assertThat(target.disk.list("transfers")).as("files left").isEmpty();
    }

    /** At most a tenth more than the content, and a few bytes for the positions. */
    private void sentOnce() {
        assertThat(source.bytesOut()).isBetween((long) SIZE, SIZE * 11L / 10);
    }

    /** Waits until the transfer is so far, in hundredths. */
    private void isAt(int hundredths) {
        world.until(
                60 * SECOND,
                hundredths + " %",
                () -> target.transfers.counters().bytesIn.sum() + received >= (long) SIZE * hundredths / 100);
    }

    private long received;

    private void restartTarget(boolean powerCut) {
        received += target.transfers.counters().bytesIn.sum();
        target.crash(powerCut);
        world.run(200 * MILLI);
        target.start();
    }

    @Test
    void arrivesWholeAndOnceAndLeavesNothing() {
        fetch(A);
        gets(A);
        assertThat(source.bytesOut()).isLessThan(SIZE * 101L / 100);
        assertThat(source.overs).containsExactly(A + " HELD");
        assertThat(target.failures).isEmpty();
    }

    @Test
    void aConnectionThatBreaksTenTimesCostsAWindowEach() {
        fetch(A);
        for (int i = 1; i <= 10; i++) {
            isAt(9 * i);
            world.network.cut("n1:1", "n2:1");
            world.network.cut("n2:1", "n1:1");
            world.network.cut("n1", "n2");
            world.network.cut("n2", "n1");
            world.run(700 * MILLI);
            world.network.healAll();
        }
        gets(A);
        assertThat(source.opens).isEqualTo(1);
        sentOnce();
    }

    @Test
    void aReceiverThatLosesItsPowerTenTimesGoesOnBehindItsLastDurablePart() {
        fetch(A);
        for (int i = 1; i <= 10; i++) {
            isAt(9 * i);
            restartTarget(true);
        }
        gets(A);
        sentOnce();
    }

    @Test
    void aSenderThatIsKilledTenTimesGivesTheSameContentAgain() {
        fetch(A);
        for (int i = 1; i <= 10; i++) {
            isAt(9 * i);
            source.crash(true);
            world.run(2 * SECOND);
            source.start();
        }
        gets(A);
        assertThat(source.opens).isEqualTo(11);
        sentOnce();
    }

    @Test
    void aSenderThatCanNotGiveTheSameAgainSaysSoAndTheOldPartsGo() {
        source.lasts = false;
        fetch(A);
        isAt(50);
        source.crash(false);
        source.start();
        world.until(20 * SECOND, "the failure", () -> !target.failures.isEmpty());
        assertThat(target.failures).containsExactly("GONE it is another one by now");
        assertThat(target.disk.list("transfers")).isEmpty();
        fetch(B);
        gets(B);
    }

    @Test
    void aSenderThatIsGoneForGoodIsGivenUpAndItsPartsGo() {
        fetch(A);
        isAt(50);
        source.crash(true);
        world.run(world.config.keepNanos() - SECOND);
        assertThat(target.failures).isEmpty();
        assertThat(target.disk.list("transfers")).hasSize(1);
        world.run(20 * SECOND);
        assertThat(target.failures).singleElement().asString().startsWith("SILENT nothing came for 6");
        assertThat(target.disk.list("transfers")).isEmpty();
    }

    @Test
    void aRefusalIsToldInWords() {
        source.refusal = "this range has moved to group 5";
        fetch(A);
        world.run(SECOND);
        assertThat(target.failures).containsExactly("REFUSED this range has moved to group 5");
        assertThat(target.disk.list("transfers")).isEmpty();
    }

    @Test
    void aKindThatNobodyBoundIsRefused() {
        TransferId foreign = TransferId.of(new byte[] {99});
        target.fetch("n1", foreign);
        world.run(SECOND);
        assertThat(target.failures).containsExactly("REFUSED this node has no transfers of kind 99");
    }

    @Test
    void aSourceThatCanNotBeReadEndsTheTransfer() {
        fetch(A);
        isAt(30);
        source.fails = true;
        world.until(10 * SECOND, "the failure", () -> !target.failures.isEmpty());
        assertThat(target.failures).singleElement().asString().contains("the disk is broken");
        assertThat(source.overs).isNotEmpty().containsOnly(A + " closed the disk is broken");
    }

    @Test
    void whoLostWhatItHeldAndCanNotBeginAgainHearsThatItIsGoneAndNothingHasFailed() throws Exception {
        fetch(A);
        isAt(10);
        source.hasNoBeginning = true; // as after a restart of the sender
        target.crash(false);
        for (String file : target.disk.list("transfers")) {
            try (DiskFile parts = target.disk.open("transfers/" + file)) {
                ByteBuffer fixed = ByteBuffer.allocate(16);
                parts.read(fixed, 0);
                parts.setSize(16 + fixed.getInt(8)); // what was not durable yet is lost
            }
        }
        target.start();
        world.until(20 * SECOND, "the failure", () -> !target.failures.isEmpty());
        assertThat(target.failures).containsExactly("GONE it has no beginning");
        assertThat(source.overs).isNotEmpty().containsOnly(A + " misplaced");
        source.hasNoBeginning = false;
        fetch(B);
        gets(B);
    }

    @Test
    void anOpeningThatNeverEndsDoesNotKeepItsPlaceOnceNobodyAsks() {
        source.isMute = true;
        world.carry(message -> message instanceof Over ? -1 : MILLI);
        fetch(A);
        fetch(B);
        world.run(SECOND);
        for (TransferId id : List.of(A, B)) {
            target.transfers.lane().execute(() -> target.transfers.receiver().end(id, Outcome.GIVEN_UP, ""));
        }
        world.run(SECOND);
        source.isMute = false;
        world.carry(message -> MILLI);
        fetch(C);
        world.until(world.config.silenceNanos() + 20 * SECOND, "the third", () -> target.got.containsKey(C));
        assertThat(source.overs).contains(A + " closed silent", B + " closed silent");
    }

    @Test
    void aFullDiskAtTheReceiverEndsTheTransferAndFreesWhatItTook() {
        fetch(A);
        isAt(30);
        target.disk.capacity(SIZE / 2);
        world.until(20 * SECOND, "the failure", () -> !target.failures.isEmpty());
        assertThat(target.failures).singleElement().asString().startsWith("DISK part ");
        world.run(SECOND);
        assertThat(source.overs).isNotEmpty().containsOnly(A + " GIVEN_UP");
        assertThat(target.disk.usedBytes()).isZero();
        target.disk.capacity(Long.MAX_VALUE);
        fetch(B);
        gets(B);
    }

    @Test
    void aDiskThatCanNotSyncStopsTheNode() {
        target.mayStop = true;
        fetch(A);
        isAt(30);
        target.disk.failForceAfter(0);
        world.until(20 * SECOND, "the failure", () -> !target.failures.isEmpty());
        assertThat(target.failures).singleElement().asString().startsWith("DISK part ");
        assertThat(target.stopped).isInstanceOf(IOException.class);
    }

    @Test
    void aDiskThatCanNotSyncTheBeginningStopsTheNode() {
        world.run(SECOND);
        for (int passing = 0; passing < 2; passing++) {
            target.mayStop = true;
            target.stopped = null;
            target.disk.failForceAfter(passing);
            assertThat(target.transfers.receiver().fetch(source.id, A, target)).isFalse();
            assertThat(target.stopped).as("force %s", passing).isInstanceOf(IOException.class);
        }
    }

    @Test
    void doubleLateReorderedAndLostMessagesChangeNothing() {
        world.network.setQuality(new SimNetwork.Quality(0.05, 0.3, 0.3, 300 * MILLI, 100_000, 5 * MILLI));
        source.gives.put(A, SIZE / 10);
        target.fetch("n1", A);
        world.until(120 * SECOND, "the whole", () -> target.got.containsKey(A));
        assertThat(target.got.get(A)).isEqualTo(content(A, SIZE / 10));
        assertThat(target.failures).isEmpty();
    }

    @Test
    void lostAsksAndOversAreMadeUpFor() {
        int[] lost = {0, 0};
        world.carry(message ->
                (message instanceof Ask && lost[0]++ < 3) || (message instanceof Over && lost[1]++ < 1) ? -1 : MILLI);
        fetch(A);
        gets(A);
        // the sender has not heard that it is over, and asks: its place is another's soon
        world.until(2 * SECOND, "the end at the sender", () -> !source.overs.isEmpty());
        assertThat(source.overs).containsExactly(A + " HELD");
        sentOnce();
    }

    @Test
    void aReceiverThatIsGoneForGoodKeepsAPlaceUntilItsSilenceIsLong() {
        world.carry(message -> message instanceof Over ? -1 : MILLI);
        fetch(A);
        gets(A);
        world.until(20 * SECOND, "the end at the sender", () -> !source.overs.isEmpty());
        assertThat(source.overs).containsExactly(A + " closed silent");
    }

    @Test
    void twoAtATimeAndAThirdWhenThereIsRoom() {
        fetch(A);
        fetch(B);
        isAt(20);
        fetch(C);
        world.run(MILLI);
        assertThat(target.failures).containsExactly("not begun");
        gets(A);
        gets(B);
        target.failures.clear();
        fetch(C);
        gets(C);
    }

    @Test
    void aSenderWithTooManyIsBusyAndServesTheNextOneLater() {
        Node other = world.nodes.get("n3");
        fetch(A);
        fetch(B);
        isAt(20);
        source.gives.put(C, SIZE);
        other.fetch("n1", C);
        world.run(5 * MILLI);
        assertThat(source.opens).isEqualTo(2);
        world.until(60 * SECOND, "the third", () -> other.got.containsKey(C));
        assertThat(other.failures).isEmpty();
        gets(A);
        gets(B);
    }

    @Test
    void anOfferIsFetchedAndOfferedAgainAnsweredWithItsEnd() {
        source.gives.put(A, SIZE);
        source.transfers.lane().execute(() -> source.transfers.offer(target.id, A));
        gets(A);
        source.overs.clear();
        source.transfers.lane().execute(() -> source.transfers.offer(target.id, A));
        world.run(SECOND);
        assertThat(source.overs).containsExactly(A + " HELD");
        assertThat(target.transfers.counters().received.sum()).isEqualTo(1);
    }

    @Test
    void theRateIsKept() {
        TransferWorld slow = new TransferWorld(TransferWorld.config().withBytesPerSecond(200_000), "n1", "n2");
        slow.nodes.get("n1").gives.put(A, SIZE);
        slow.nodes.get("n2").fetch("n1", A);
        slow.run(5 * SECOND);
        assertThat(slow.nodes.get("n1").bytesOut()).isBetween(900_000L, 1_010_000L);
    }

    @Test
    void powerCutsAtAnyMomentLeaveTheTransferWholeOrToBeGoneOnWith() {
        for (int seed = 0; seed < 40; seed++) {
            TransferWorld each = new TransferWorld(TransferWorld.config(), "n1", "n2");
            Node from = each.nodes.get("n1");
            Node to = each.nodes.get("n2");
            int size = 60 * PART;
            from.gives.put(A, size);
            to.fetch("n1", A);
            each.run(seed * MILLI / 4);
            TreeMap<TransferId, byte[]> before = new TreeMap<>(to.got);
            boolean isBegun = !to.disk.list("transfers").isEmpty();
            to.crash(true);
            to.start();
            each.run(5 * SECOND);
            if (before.isEmpty() && to.got.isEmpty()) {
                // the beginning itself was not durable: whoever wanted it asks again
                to.fetch("n1", A);
                each.run(5 * SECOND);
            }
            assertThat(to.got.get(A)).as("cut at %s, begun %s", seed, isBegun).isEqualTo(content(A, size));
            assertThat(to.disk.list("transfers")).isEmpty();
            assertThat(to.failures).isEqualTo(List.of());
        }
    }

    @Test
    void aDamagedPartOnTheDiskIsFetchedAgain() throws Exception {
        fetch(A);
        isAt(50);
        target.crash(false);
        String file = "transfers/" + target.disk.list("transfers").get(0);
        target.disk.flipBit(file, target.disk.size(file) - 10 * PART, 3);
        target.start();
        gets(A);
    }

    /** How long 2 MB take at 4 MB/s at most, if writes of the log take longer than before while they are on their way. */
    private static long nanosWith(long sendersWrites, long receiversWrites) {
        TransferWorld slow = new TransferWorld(TransferWorld.config().withBytesPerSecond(4_000_000), "n1", "n2", "n3");
        Node sender = slow.nodes.get("n1");
        Node receiver = slow.nodes.get("n2");
        sender.writeNanos = MILLI;
        receiver.writeNanos = MILLI;
        sender.gives.put(A, SIZE);
        receiver.fetch("n1", A);
        slow.run(10 * MILLI);
        sender.writeNanos = sendersWrites;
        receiver.writeNanos = receiversWrites;
        slow.until(20 * SECOND, "the whole of A", () -> receiver.got.containsKey(A));
        return slow.scheduler.now();
    }

    @Test
    void transfersGiveWayToWritesOfTheLog() {
        assertThat(nanosWith(MILLI, MILLI)).as("writes as before").isBetween(500 * MILLI, 1_200 * MILLI);
        assertThat(nanosWith(-1, -1)).as("no writes").isBetween(500 * MILLI, 1_200 * MILLI);
        assertThat(nanosWith(20 * MILLI, MILLI)).as("the sender's take longer").isGreaterThan(3 * SECOND);
        assertThat(nanosWith(MILLI, 20 * MILLI))
                .as("the receiver's take longer")
                .isGreaterThan(3 * SECOND);
    }
}
