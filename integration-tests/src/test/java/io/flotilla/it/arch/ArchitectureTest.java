package io.flotilla.it.arch;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.mutant.Patch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Which module may know which, and what code that the simulator runs must leave to the ports. */
class ArchitectureTest {
    /** Where the ports meet the real world. Nothing here runs under the simulator. */
    private static final String[] EDGES = {
        "io.flotilla.raft.runtime.threads..",
        "io.flotilla.raft.disk.os..",
        "io.flotilla.raft.transport.grpc..",
        "io.flotilla.raft.embed..",
        "io.flotilla.client.grpc..",
        "io.flotilla.client.threads..",
        "io.flotilla.kv.engine.rocks..",
    };

    /** Everything else; of ops only the node itself. */
    private static final DescribedPredicate<JavaClass> UNDER_THE_SIMULATOR = resideOutsideOfPackages(EDGES)
            .and(resideOutsideOfPackages("io.flotilla..proto.."))
            .and(resideOutsideOfPackages("io.flotilla.ops..")
                    .or(resideInAPackage("io.flotilla.ops.node..")
                            .and(resideOutsideOfPackages("io.flotilla.ops.node.production.."))))
            .as("run under the simulator");

    private static final String RAFT = "io.flotilla.raft..";
    private static final String CLIENT = "io.flotilla.client..";
    private static final String CONTROLLER = "io.flotilla.controller..";
    private static final String KV = "io.flotilla.kv..";

    private static final String HOST = "io.flotilla.raft.host";

    private static final DescribedPredicate<JavaClass> THE_DOOR =
            DescribedPredicate.describe("are the door", type -> type.getName().startsWith(HOST + ".RaftHost"));

    /** Of a source file. */
    private static final int MOST_LINES = 450;

    private static JavaClasses production;

    @BeforeAll
    static void load() {
        ImportOption noTests = location -> !location.contains("/test-classes/") && !location.contains("-tests.jar");
        production = new ClassFileImporter().withImportOption(noTests).importPackages("io.flotilla");
        assertThat(production.size()).isGreaterThan(100);
    }

    @Test
    void raftGroupStandsAlone() {
        module(RAFT).check(production);
    }

    @Test
    void clientSdkStandsAlone() {
        module(CLIENT).check(production);
    }

    @Test
    void theControllerKnowsRaftAndTheClientOnly() {
        module(CONTROLLER, RAFT, CLIENT).check(production);
    }

    @Test
    void shardKvKnowsRaftAndTheClientOnly() {
        module(KV, RAFT, CLIENT).check(production);
    }

    /** A module's classes know of ours only their own module and those named. */
    private static ArchRule module(String own, String... others) {
        DescribedPredicate<JavaClass> foreign = resideInAPackage("io.flotilla..")
                .and(DescribedPredicate.not(resideInAPackage(own)))
                .and(DescribedPredicate.not(resideInAnyPackage(others)));
        return noClasses()
                .that(resideInAPackage(own))
                .should()
                .dependOnClassesThat(foreign)
                .because(
                        "modules depend in one direction: ops -> shard-kv, shard-controller -> raft-group, client-sdk");
    }

    /** The rooms of a node from the lowest to the highest. */
    private static final List<String> NODE_ROOMS = List.of(
            "io.flotilla.ops.node.peer",
            "io.flotilla.ops.node.edge",
            "io.flotilla.ops.node.founding",
            "io.flotilla.ops.node.configuration",
            "io.flotilla.ops.node.move",
            "io.flotilla.ops.node",
            "io.flotilla.ops.node.production");

    @TestFactory
    Stream<DynamicTest> noRoomOfTheNodeKnowsAHigherOne() {
        return NODE_ROOMS.stream()
                .limit(NODE_ROOMS.size() - 1L)
                .map(room -> DynamicTest.dynamicTest(
                        room,
                        () -> noClasses()
                                .that(resideInAPackage(room))
                                .should()
                                .dependOnClassesThat(resideInAnyPackage(NODE_ROOMS.stream()
                                        .skip(NODE_ROOMS.indexOf(room) + 1L)
                                        .toArray(String[]::new)))
                                .because(
                                        "a node's parts know those below them only: " + String.join(" <- ", NODE_ROOMS))
                                .check(production)));
    }

    /** A package that the order does not name would escape it. */
    @Test
    void theOrderOfTheNodesRoomsIsWhole() {
        assertThat(production.stream()
                        .map(JavaClass::getPackageName)
                        .filter(name -> name.equals("io.flotilla.ops.node") || name.startsWith("io.flotilla.ops.node."))
                        .distinct())
                .containsExactlyInAnyOrderElementsOf(NODE_ROOMS);
    }

    @Test
    void theRaftCoreIsPure() {
        classes()
                .that(resideInAPackage("io.flotilla.raft.core.."))
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(
                        "io.flotilla.raft.core..",
                        "java.lang",
                        "java.lang.annotation",
                        "java.lang.invoke",
                        "java.lang.runtime",
                        "java.nio", // buffers and character sets: memberships as bytes
                        "java.nio.charset",
                        "java.util",
                        "java.util.function",
                        ""))
                .because("the core takes inputs and owes effects; clocks, threads, files and sockets are the host's")
                .check(production);
    }

    @Test
    void onlyTheTransportOfThatNameKnowsGrpc() {
        noClasses()
                .that(resideInAPackage(RAFT))
                .and(resideOutsideOfPackages("io.flotilla.raft.transport.grpc.."))
                .should()
                .dependOnClassesThat(resideInAnyPackage("io.grpc..", "com.google.protobuf.."))
                .because("whoever embeds the library may bring another network: no gRPC type is in its way")
                .check(production);
        classes()
                .that(resideInAPackage("io.flotilla.raft.transport.grpc"))
                .should(new ArchCondition<>("be used by the wiring alone") {
                    @Override
                    public void check(JavaClass used, ConditionEvents events) {
                        used.getDirectDependenciesToSelf().stream()
                                .map(dependency -> dependency.getOriginClass())
                                .filter(resideInAPackage(RAFT))
                                .filter(resideOutsideOfPackages(
                                        "io.flotilla.raft.transport.grpc", "io.flotilla.raft.embed"))
                                .forEach(origin -> events.add(SimpleConditionEvent.violated(
                                        origin, origin.getName() + " knows " + used.getName())));
                    }
                })
                .check(production);
    }

    @Test
    void transfersKnowNothingOfRaft() {
        noClasses()
                .that(resideInAPackage("io.flotilla.raft.transfer"))
                .should()
                .dependOnClassesThat(resideInAnyPackage(
                        "io.flotilla.raft.host..",
                        "io.flotilla.raft.machine..",
                        "io.flotilla.raft.log..",
                        "io.flotilla.raft.core.log..",
                        "io.flotilla.raft.core.membership.."))
                .because("whatever is large travels the same way; snapshots of groups are one use, bound by the host")
                .check(production);
    }

    @Test
    void theHostKnowsPortsOnly() {
        noClasses()
                .that(resideInAPackage("io.flotilla.raft.host.."))
                .should()
                .dependOnClassesThat(resideInAnyPackage(
                        "io.flotilla.raft.log.segment..",
                        "io.flotilla.raft.disk.os..",
                        "io.flotilla.raft.runtime.threads..",
                        "io.flotilla.raft.transport.grpc..",
                        "io.grpc.."))
                .because("the host is given its log, its lanes and its transport by whoever wires the node")
                .check(production);
    }

    @Test
    void noRoomOfTheHostKnowsItsDoor() {
        noClasses()
                .that(resideInAnyPackage(rooms("group", "apply", "snapshot", "persistence", "shared")))
                .should()
                .dependOnClassesThat(THE_DOOR)
                .because("the door hands on to the rooms, which answer by callbacks")
                .check(production);
    }

    @Test
    void whatIsSaidAtTheDoorOfTheHostKnowsNoRoom() {
        noClasses()
                .that(resideInAPackage(HOST))
                .and(DescribedPredicate.not(THE_DOOR))
                .should()
                .dependOnClassesThat(resideInAPackage(HOST + ".*.."))
                .because("an embedder sees configurations, callbacks and refusals, and nothing behind them")
                .check(production);
    }

    @Test
    void theRoomsOfTheHostHaveDirections() {
        room("shared", "group", "apply", "snapshot", "persistence").check(production);
        room("persistence", "group", "apply", "snapshot").check(production);
        room("snapshot", "group", "apply", "persistence").check(production);
        room("apply", "group", "snapshot", "persistence").check(production);
    }

    /** A room of the host knows none of those named. */
    private static ArchRule room(String own, String... unknown) {
        return noClasses()
                .that(resideInAnyPackage(rooms(own)))
                .should()
                .dependOnClassesThat(resideInAnyPackage(rooms(unknown)))
                .because("a room of the host can be read and tested without those above it");
    }

    private static String[] rooms(String... names) {
        return Stream.of(names).map(name -> HOST + "." + name + "..").toArray(String[]::new);
    }

    @Test
    void noSourceFileIsLong() throws IOException {
        Map<String, Integer> lines = new TreeMap<>();
        Path root = Patch.root();
        List<Path> modules;
        try (Stream<Path> inside = Files.list(root)) {
            modules = inside.map(module -> module.resolve("src/main/java"))
                    .filter(Files::isDirectory)
                    .toList();
        }
        for (Path module : modules) {
            try (Stream<Path> inside = Files.walk(module)) {
                for (Path file :
                        inside.filter(path -> path.toString().endsWith(".java")).toList()) {
                    lines.put(
                            root.relativize(file).toString(),
                            Files.readAllLines(file).size());
                }
            }
        }
        assertThat(lines).hasSizeGreaterThan(300);
        assertThat(lines.entrySet())
                .as("a class of several concerns becomes several")
                .allMatch(file -> file.getValue() <= MOST_LINES);
    }

    @Test
    @DisplayName("SL-55 one place writes to the log")
    void onlyTheLogWriterWrites() {
        noClasses()
                .that(DescribedPredicate.not(resideInAPackage("io.flotilla.raft.log..")))
                .and()
                .doNotHaveFullyQualifiedName("io.flotilla.raft.host.persistence.LogWriter")
                .should()
                .callMethod(LogStore.class, "write", List.class)
                .because("what leaves after a sync leaves from where the sync is")
                .check(production);
    }

    @TestFactory
    Stream<DynamicTest> codeUnderTheSimulatorLeavesToThePorts() {
        return Ban.ALL.stream()
                .map(ban ->
                        DynamicTest.dynamicTest(ban.what(), () -> ruleFor(ban).check(production)));
    }

    @TestFactory
    Stream<DynamicTest> eachBanFindsItsOffence() {
        JavaClasses offender = new ClassFileImporter().importClasses(Offender.class);
        return Ban.ALL.stream()
                .map(ban -> DynamicTest.dynamicTest(ban.what(), () -> {
                    List<String> found =
                            ruleFor(ban).evaluate(offender).getFailureReport().getDetails();
                    assertThat(found).anyMatch(line -> line.contains("use instead: " + ban.instead()));
                }));
    }

    private static ArchRule ruleFor(Ban ban) {
        return noClasses()
                .that(UNDER_THE_SIMULATOR)
                .should(ban.asCondition())
                .because("the simulator owns time, threads, chance, files and network; use " + ban.instead());
    }
}
