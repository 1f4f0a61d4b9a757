package io.flotilla.ops.node.configuration;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.CreationRecord;
import io.flotilla.client.proto.Group;
import io.flotilla.ops.node.TestTime;
import io.flotilla.raft.core.NodeId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class ReconcilerTest {
    private static final NodeId SELF = new NodeId("n1");
    private static final CreationRecord CONTROLLER =
            CreationRecord.newBuilder().addAllVoters(List.of("n1", "n2", "n3")).build();

    private final TestTime time = new TestTime();
    private final Host host = new Host();
    private final CreationRecords records = new CreationRecords();
    private final TreeSet<Long> fetched = new TreeSet<>();
    private Configuration newest;
    private Reconciler reconciler = reconciler(CONTROLLER, new TreeMap<>());

    private Reconciler reconciler(CreationRecord controller, TreeMap<Long, Long> found) {
        return new Reconciler(
                SELF, time.lane(new boolean[] {true}), () -> newest, controller, records, found, host, fetched::add);
    }

    /** What a host does with its replicas. */
    private static final class Host implements Reconciler.ReplicaManager {
        /** Whether each is a founding one. */
        final TreeMap<Long, Boolean> replicas = new TreeMap<>();

        /** Each with the index of the membership that left it out. */
        final TreeMap<Long, Long> dropped = new TreeMap<>();

        int creations;
        int retirements;
        boolean isBusy;

        @Override
        public boolean has(long group) {
            return replicas.containsKey(group);
        }

        @Override
        public boolean create(CreationRecord record, boolean founding, long since) {
            if (dropped.containsKey(record.getGroup()) && since <= dropped.get(record.getGroup())) {
                return false;
            }
            assertThat(replicas.put(record.getGroup(), founding))
                    .as("created twice")
                    .isNull();
            creations++;
            return true;
        }

        @Override
        public void retire(long group, Runnable over) {
            retirements++;
            if (!isBusy) {
                drop(group, Long.MAX_VALUE);
            }
            over.run();
        }

        void drop(long group, long leftOutAt) {
            replicas.remove(group);
            dropped.put(group, leftOutAt);
        }
    }

    private static Group group(long id, long createdIn, String... replicas) {
        return Group.newBuilder()
                .setId(id)
                .setCreatedIn(createdIn)
                .addAllReplicas(List.of(replicas))
                .build();
    }

    private static Configuration configuration(long number, Group... groups) {
        return Configuration.newBuilder()
                .setNumber(number)
                .setFleetId("f")
                .addAllControllerReplicas(List.of("n1", "n2", "n3"))
                .addAllGroups(List.of(groups))
                .build();
    }

    private void record(long group, long createdIn, String... voters) {
        records.add(CreationRecord.newBuilder()
                .setGroup(group)
                .setCreatedIn(createdIn)
                .addAllVoters(List.of(voters))
                .build());
    }

    /** As the node does: an older one is not even looked at. */
    private void hear(Configuration configuration) {
        if (newest == null || configuration.getNumber() > newest.getNumber()) {
            newest = configuration;
        }
        reconciler.reconcile();
    }

    @Test
    void theControllersReplicaBeginsBeforeThereIsAConfiguration() {
        reconciler.reconcile();
        reconciler.reconcile();
        assertThat(host.replicas).containsExactly(Map.entry(0L, true));
    }

    @Test
    void aNodeThatIsNoFounderGetsTheControllersReplicaEmptyWhenItIsPlacedThere() {
        reconciler = reconciler(
                CreationRecord.newBuilder().addAllVoters(List.of("n2", "n3")).build(), new TreeMap<>());
        reconciler.reconcile();
        assertThat(host.replicas).isEmpty();
        hear(configuration(1));
        assertThat(host.replicas).containsExactly(Map.entry(0L, false));
    }

    @Test
    void creatorsBeginAsMembersAndOthersEmptyAndNothingBeginsWithoutARecord() {
        record(1, 1, "n1", "n2", "n3");
        record(2, 1, "n4", "n2", "n3");
        record(3, 1, "n4", "n2", "n3");
        Group learns = group(3, 1, "n2", "n3").toBuilder().addLearners("n1").build();
        Configuration first = configuration(
                1,
                group(1, 1, "n1", "n2", "n3"),
                group(2, 1, "n1", "n2"),
                learns,
                group(4, 1, "n1"),
                group(5, 1, "n2"));
        hear(first);
        assertThat(host.replicas.headMap(5L))
                .containsExactly(Map.entry(0L, true), Map.entry(1L, true), Map.entry(2L, false), Map.entry(3L, false));
        assertThat(fetched).containsExactly(4L);
        record(4, 1, "n1");
        reconciler.reconcile();
        assertThat(host.replicas.get(4L)).isTrue();
        assertThat(host.replicas).doesNotContainKey(5L);
    }

    @Test
    void aReplicaStaysThoughNoConfigurationPlacesItHere() {
        record(1, 1, "n1", "n2", "n3");
        hear(configuration(1, group(1, 1, "n1", "n2", "n3")));
        hear(configuration(2, group(1, 1, "n4", "n2", "n3")));
        assertThat(host.replicas).containsKey(1L);
        assertThat(host.retirements).isZero();
    }

    @Test
    void aReplicaGoesWithItsGroupAlsoWhenTheHostIsBusy() {
        record(1, 1, "n1");
        hear(configuration(1, group(1, 1, "n1")));
        host.isBusy = true;
        hear(configuration(2));
        hear(configuration(3));
        time.runFor(3_000);
        assertThat(host.replicas).containsKey(1L);
        assertThat(host.retirements).as("again, but not at once").isBetween(3, 6);
        host.isBusy = false;
        time.runFor(3_000);
        assertThat(host.replicas).containsOnlyKeys(0L);
    }

    @Test
    void aReplicaFoundInTheLogIsKeptUnderAConfigurationFromBeforeItsGroup() {
        host.replicas.put(7L, true);
        reconciler = reconciler(CONTROLLER, new TreeMap<>(Map.of(7L, 5L)));
        hear(configuration(4));
        hear(configuration(5));
        assertThat(host.replicas).containsKey(7L);
        hear(configuration(6));
        assertThat(host.replicas).doesNotContainKey(7L);
    }

    @Test
    void whatItsMembershipLeftOutDoesNotBeginAgain() {
        record(1, 1, "n1");
        hear(configuration(1, group(1, 1, "n1")));
        host.drop(1, 50);
        hear(configuration(2, group(1, 1, "n1")));
        reconciler.reconcile();
        assertThat(host.replicas).containsOnlyKeys(0L);
    }

    @Test
    void aCreatorThatLeftAndIsAMemberAgainBeginsEmpty() {
        record(1, 1, "n1", "n2");
        hear(configuration(1, group(1, 1, "n1", "n2")));
        host.drop(1, 50);
        hear(configuration(2, group(1, 1, "n2").toBuilder().setMembersSince(50).build()));
        hear(configuration(
                3, group(1, 1, "n1", "n2").toBuilder().setMembersSince(50).build()));
        assertThat(host.replicas).as("that membership left it out").containsOnlyKeys(0L);
        hear(configuration(
                4,
                group(1, 1, "n2").toBuilder()
                        .addLearners("n1")
                        .setMembersSince(60)
                        .build()));
        assertThat(host.replicas.get(1L)).as("not as the member that it was").isFalse();
        reconciler.reconcile();
        assertThat(host.creations).isEqualTo(3);
    }

    /** In any order, each as often as it comes: what is here in the end is what the newest asks for. */
    @Test
    void theOrderInWhichConfigurationsComeDoesNotMatter() {
        for (int seed = 0; seed < 500; seed++) {
            Random random = new Random(seed);
            List<Configuration> history = new ArrayList<>();
            TreeMap<Long, Group> groups = new TreeMap<>();
            List<CreationRecord> all = new ArrayList<>();
            long nextId = 1;
            for (long number = 1; number <= 12; number++) {
                int change = random.nextInt(4);
                if (change < 2 || groups.isEmpty()) {
                    List<String> nodes = new ArrayList<>(List.of("n1", "n2", "n3", "n4"));
                    Collections.shuffle(nodes, random);
                    Group made = group(nextId, number, nodes.get(0), nodes.get(1), nodes.get(2));
                    groups.put(nextId, made);
                    all.add(CreationRecord.newBuilder()
                            .setGroup(nextId++)
                            .setCreatedIn(number)
                            .addAllVoters(made.getReplicasList())
                            .build());
                } else {
                    groups.remove(new ArrayList<>(groups.keySet()).get(random.nextInt(groups.size())));
                }
                history.add(configuration(number, groups.values().toArray(new Group[0])));
            }
            List<Configuration> heard = new ArrayList<>(history);
            heard.addAll(history.subList(0, random.nextInt(12)));
            Collections.shuffle(heard, random);

            ReconcilerTest node = new ReconcilerTest();
            all.forEach(node.records::add);
            for (Configuration each : heard) {
                node.hear(each);
                TreeSet<Long> expected = new TreeSet<>(List.of(0L));
                for (Group group : node.newest.getGroupsList()) {
                    if (group.getReplicasList().contains("n1")) {
                        expected.add(group.getId());
                    }
                }
                assertThat(node.host.replicas.keySet()).as("seed " + seed).isEqualTo(expected);
            }
            int creations = node.host.creations;
            int retirements = node.host.retirements;
            node.reconciler.reconcile();
            node.reconciler.reconcile();
            assertThat(node.host.creations).isEqualTo(creations);
            assertThat(node.host.retirements).isEqualTo(retirements);
        }
    }
}
