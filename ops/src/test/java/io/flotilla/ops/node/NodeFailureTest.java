package io.flotilla.ops.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.kv.engine.EngineException;
import io.flotilla.raft.disk.OtherVersionException;
import io.flotilla.raft.machine.UnknownCommandException;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.junit.jupiter.api.Test;

class NodeFailureTest {
    @Test
    void aReplicaThatANewerVersionStoppedStopsNoNode() {
        assertThat(NodeFailure.ofReplica(3, new UnknownCommandException(3, 17, "a command of kind 9")))
                .isNull();
    }

    @Test
    void aDirectoryOfAnotherVersionIsRefusedWithoutAnyAdviceOnDisks() {
        OtherVersionException other = new OtherVersionException("the file x has version v1");
        NodeFailure refused = NodeFailure.refused("the file x has version v1");
        assertThat(NodeFailure.of(other)).isEqualTo(refused);
        assertThat(NodeFailure.of(new EngineException(other.getMessage(), other)))
                .isEqualTo(refused);
        assertThat(NodeFailure.of(new UncheckedIOException(other.getMessage(), other)))
                .isEqualTo(refused);
    }

    @Test
    void anyOtherReplicaThatWasHaltedDoes() {
        assertThat(NodeFailure.ofReplica(3, new IllegalStateException("a defect"))
                        .message())
                .isEqualTo("the replica of group 3 was halted: a defect");
        assertThat(NodeFailure.ofReplica(3, new UncheckedIOException(new IOException("no space")))
                        .message())
                .startsWith("no space; nothing more is acknowledged");
        assertThat(NodeFailure.ofReplica(3, new EngineException("the database is damaged"))
                        .message())
                .isEqualTo("the database is damaged");
    }
}
