package io.flotilla.ops.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Shard;
import io.flotilla.kv.service.ShardMap;
import org.junit.jupiter.api.Test;

class NodeKnowledgeTest {
    @Test
    void theMapFollowsTheConfigurationAndIsMadeOncePerEach() {
        Configuration[] newest = new Configuration[1];
        NodeKnowledge knowledge = new NodeKnowledge(node -> "", () -> newest[0], group -> null);
        assertThat(knowledge.shards()).isSameAs(ShardMap.EMPTY);
        assertThat(knowledge.featureLevel()).isEqualTo(1);
        assertThat(knowledge.leaderOf(4)).isNull();
        newest[0] = Configuration.newBuilder()
                .setNumber(5)
                .setFeatureLevel(3)
                .addShards(Shard.newBuilder().setId(1))
                .build();
        ShardMap first = knowledge.shards();
        assertThat(first.number()).isEqualTo(5);
        assertThat(knowledge.shards()).isSameAs(first);
        assertThat(knowledge.featureLevel()).isEqualTo(3);
        newest[0] = newest[0].toBuilder().setNumber(6).build();
        assertThat(knowledge.shards().number()).isEqualTo(6);
    }
}
