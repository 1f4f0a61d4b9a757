package io.flotilla.raft.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.raft.core.NodeId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class GreetingTest {
    private static final NodeId A = new NodeId("a");
    private static final NodeId B = new NodeId("b");
    private static final VersionRange OWN = VersionRange.SPOKEN;
    private static final Greeting GREETING =
            new Greeting(OWN, A, "host:1", B, "fleet", new NodeStart(7, -3, 40), 1L << 40, new PeerRecord(3, 9, 77));

    private static Greeting with(VersionRange versions) {
        return new Greeting(versions, A, "host:1", B, "fleet", GREETING.start(), 41, PeerRecord.NONE);
    }

    @Test
    void itComesBackAsItWas() throws Exception {
        assertThat(Greeting.decode(GREETING.encode(), OWN)).isEqualTo(GREETING);
        assertThat(GREETING.objectionOf(OWN, B, "fleet")).isNull();
        assertThat(GREETING.objectionOf(OWN, B, "")).contains("to no fleet, node a to fleet fleet");
    }

    @Test
    void theHighestCommonVersionIsUsed() {
        VersionRange range = new VersionRange(3, 5);
        assertThat(range.common(new VersionRange(1, 2))).isZero();
        assertThat(range.common(new VersionRange(6, 9))).isZero();
        assertThat(range.common(new VersionRange(1, 3))).isEqualTo(3);
        assertThat(range.common(new VersionRange(4, 9))).isEqualTo(5);
        assertThat(range.common(new VersionRange(4, 4))).isEqualTo(4);
    }

    @Test
    void rangesWithoutACommonVersionAreNamedOnBothSides() throws Exception {
        for (VersionRange other :
                new VersionRange[] {new VersionRange(OWN.highest() + 1, 9), new VersionRange(200, 255)}) {
            Greeting newer = Greeting.decode(with(other).encode(), OWN);
            assertThat(newer.start()).isNull();
            assertThat(newer.objectionOf(OWN, B, "fleet"))
                    .isEqualTo("node b speaks " + OWN + " of the protocol between nodes, node a at host:1 " + other
                            + ": run releases that share a version");
            Greeting older = Greeting.decode(GREETING.encode(), other);
            assertThat(older.objectionOf(other, B, "fleet"))
                    .contains("node b speaks " + other)
                    .contains("node a at host:1 " + OWN + ":");
        }
    }

    @Test
    void aNewerOneThatStillSpeaksOursIsUnderstood() throws Exception {
        Greeting newer = with(new VersionRange(2, 9));
        assertThat(Greeting.decode(newer.encode(), OWN)).isEqualTo(newer);
        assertThat(newer.objectionOf(OWN, B, "fleet")).isNull();
    }

    /** Which had neither a lowest version nor anything behind the texts. */
    @Test
    void versionOneIsRefusedByName() throws Exception {
        ByteBuffer old = ByteBuffer.allocate(64).put((byte) 1);
        for (String text : new String[] {"a", "host:1", "b", "fleet"}) {
            old.putShort((short) text.length()).put(text.getBytes(StandardCharsets.UTF_8));
        }
        Greeting read = Greeting.decode(Arrays.copyOf(old.array(), old.position()), OWN);
        assertThat(read.objectionOf(OWN, B, "fleet"))
                .isEqualTo("node b speaks " + OWN + " of the protocol between nodes, node a at host:1 version 1:"
                        + " run releases that share a version");
    }

    @Test
    void anotherFleetAndAnotherNodeAreRefused() {
        assertThat(GREETING.objectionOf(OWN, B, "other")).contains("fleet other", "fleet fleet");
        assertThat(GREETING.objectionOf(OWN, new NodeId("c"), "fleet")).contains("this is node c, not b");
    }

    @Test
    void whatCantBeAGreetingIsRefused() {
        for (Greeting bad : new Greeting[] {
            new Greeting(OWN, A, "host:1\nERROR all is lost", B, "fleet", GREETING.start(), 1, PeerRecord.NONE),
            new Greeting(OWN, A, "host:1", B, "fl\u0007eet", GREETING.start(), 1, PeerRecord.NONE),
            new Greeting(OWN, A, "host:1", B, "fleet", GREETING.start(), NodeStart.MOST + 1, PeerRecord.NONE)
        }) {
            assertThatThrownBy(() -> Greeting.decode(bad.encode(), OWN))
                    .isInstanceOf(MalformedFrameException.class)
                    .hasMessageContaining("malformed greeting");
        }
        assertThatThrownBy(() -> new NodeStart(NodeStart.MOST + 1, 1, 0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aStartThatCantFollowWhatIsKnownIsNamed() {
        PeerRecord known = PeerRecord.NONE.with(new NodeStart(5, 42, 100)).withDurable(150);
        assertThat(known.objectionTo(new NodeStart(5, 42, 100)))
                .as("the same process comes again")
                .isNull();
        assertThat(known.objectionTo(new NodeStart(6, 1, 150))).isNull();
        assertThat(known.objectionTo(new NodeStart(9, 1, 1_000))).isNull();
        assertThat(known.objectionTo(new NodeStart(4, 42, 200))).contains("start 4", "start 5");
        assertThat(known.objectionTo(new NodeStart(5, 43, 200))).contains("another process was start 5");
        assertThat(known.objectionTo(new NodeStart(6, 1, 149)))
                .as("a copy taken during start 5 counts itself up")
                .contains("batch 149", "batch 150");
        assertThat(known.with(new NodeStart(4, 1, 120))).as("what can't follow").isEqualTo(known);
        assertThat(PeerRecord.NONE.objectionTo(new NodeStart(1, 1, 0))).isNull();
    }

    @Test
    void damageIsNoticed() {
        byte[] good = GREETING.encode();
        for (int bit = 8 * 2; bit < 8 * good.length; bit++) {
            byte[] bad = good.clone();
            bad[bit / 8] ^= (byte) (1 << bit % 8);
            assertThatThrownBy(() -> Greeting.decode(bad, OWN))
                    .isInstanceOf(MalformedFrameException.class)
                    .hasMessageContaining("malformed greeting");
        }
        for (int length = 0; length < good.length; length++) {
            byte[] cut = Arrays.copyOf(good, length);
            assertThatThrownBy(() -> Greeting.decode(cut, OWN))
                    .isInstanceOf(MalformedFrameException.class)
                    .hasMessageContaining("malformed greeting");
        }
    }
}
