package io.flotilla.ops.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.proto.CreationRecord;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.Shard;
import io.flotilla.kv.proto.KvGenesis;
import io.flotilla.ops.node.founding.Identity;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.RecoveredGroup;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class HostReplicaManagerTest {
    private static final CreationRecord RECORD = CreationRecord.newBuilder()
            .setGroup(7)
            .setCreatedIn(5)
            .addAllVoters(List.of("n2", "n3", "n4"))
            .addShards(Shard.newBuilder().setId(9).setGroup(7).setEpoch(1))
            .build();

    @Test
    void aFoundingReplicaIsAMemberFromTheBeginningAndAnyOtherKnowsNoMembership() {
        GroupDescriptor founding = HostReplicaManager.descriptor(RECORD, true, 0);
        assertThat(founding.initialMembership().isVoter(new NodeId("n3"))).isTrue();
        GroupDescriptor later = HostReplicaManager.descriptor(RECORD, false, 0);
        assertThat(later.initialMembership()).isEqualTo(Membership.NONE);
        assertThat(later.joined()).isPositive();
        assertThat(HostReplicaManager.descriptor(RECORD, false, 77).joined()).isEqualTo(77);
        assertThat(later.genesis())
                .as("entries from the first on start from it")
                .isEqualTo(founding.genesis());
    }

    @Test
    void theLogKnowsWhichConfigurationCreatedAGroup() throws Exception {
        GroupDescriptor data = HostReplicaManager.descriptor(RECORD, true, 0);
        GroupDescriptor controller = HostReplicaManager.descriptor(
                CreationRecord.newBuilder().addVoters("n1").build(), true, 0);
        assertThat(HostReplicaManager.created(
                        List.of(RecoveredGroup.created(data, null), RecoveredGroup.created(controller, null))))
                .containsEntry(7L, 5L)
                .containsEntry(0L, 0L)
                .hasSize(2);
        assertThat(KvGenesis.parseFrom(data.genesis()).getShardsList()).isEqualTo(RECORD.getShardsList());
    }

    @Test
    void theControllerWasCreatedOnTheFirstFiveFoundingNodes() {
        List<Node> nodes = new ArrayList<>();
        for (int i = 1; i <= 7; i++) {
            nodes.add(Node.newBuilder().setId("n" + i).setAddress("h:" + i).build());
        }
        Identity identity = new Identity(new NodeId("n6"), "f", Identity.State.STARTED, nodes, 1, 1, true);
        assertThat(HostReplicaManager.controller(identity).getVotersList())
                .containsExactly("n1", "n2", "n3", "n4", "n5");
        assertThat(HostReplicaManager.controller(identity).getGroup()).isZero();
    }
}
