package io.flotilla.it.arch;

import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.List;
import java.util.function.Predicate;

/**
 * Something that code under the simulator must not call.
 *
 * @param what for people
 * @param calls which members are meant
 * @param instead what to use in its place
 */
record Ban(String what, Predicate<AccessTarget> calls, String instead) {

    private static Predicate<AccessTarget> member(String owner, String... names) {
        List<String> wanted = List.of(names);
        return target -> target.getOwner().getFullName().equals(owner) && wanted.contains(target.getName());
    }

    private static Predicate<AccessTarget> anythingOf(String... owners) {
        List<String> wanted = List.of(owners);
        return target -> wanted.stream().anyMatch(name -> target.getOwner().isAssignableTo(name));
    }

    private static Predicate<AccessTarget> packageOf(String... packages) {
        List<String> wanted = List.of(packages);
        return target -> wanted.contains(target.getOwner().getPackageName());
    }

    static final List<Ban> ALL = List.of(
            new Ban(
                    "the machine's clocks",
                    member("java.lang.System", "nanoTime", "currentTimeMillis")
                            .or(packageOf("java.time", "java.time.chrono")
                                    .and(t -> t.getName().equals("now")))
                            .or(anythingOf("java.time.Clock")),
                    "io.flotilla.raft.runtime.Clock, or ClientRuntime.nanos in the client"),
            new Ban(
                    "threads and timers",
                    anythingOf(
                            "java.lang.Thread",
                            "java.util.Timer",
                            "java.util.concurrent.Executor",
                            "java.util.concurrent.Executors"),
                    "io.flotilla.raft.runtime.Lane, or ClientRuntime in the client"),
            new Ban(
                    "futures that bring their own threads or timers",
                    anythingOf("java.util.concurrent.CompletableFuture", "java.util.concurrent.CompletionStage")
                            .and(t -> t.getName().endsWith("Async")
                                    || List.of("orTimeout", "completeOnTimeout", "delayedExecutor")
                                            .contains(t.getName())),
                    "Lane.execute, Lane.after or ClientRuntime.after, and complete the future there"),
            new Ban(
                    "locks and waiting",
                    packageOf("java.util.concurrent.locks")
                            .or(anythingOf("java.util.concurrent.CountDownLatch", "java.util.concurrent.Semaphore"))
                            .or(member("java.lang.Object", "wait", "notify", "notifyAll")),
                    "state that belongs to one lane"),
            new Ban(
                    "randomness of the machine",
                    anythingOf("java.util.Random", "java.security.SecureRandom")
                            .or(member("java.lang.Math", "random"))
                            .or(member("java.util.UUID", "randomUUID")),
                    "a SplittableRandom seeded from NodeRuntime.randomSeed or ClientRuntime.randomLong"),
            new Ban(
                    "files",
                    packageOf("java.nio.file")
                            .and(t -> t.getOwner().getSimpleName().equals("Files")
                                    || t.getOwner().getSimpleName().startsWith("FileSystem"))
                            .or(anythingOf(
                                    "java.io.File",
                                    "java.io.FileInputStream",
                                    "java.io.FileOutputStream",
                                    "java.io.FileReader",
                                    "java.io.FileWriter",
                                    "java.io.RandomAccessFile",
                                    "java.nio.channels.FileChannel")),
                    "io.flotilla.raft.disk.Disk"),
            new Ban(
                    "sockets",
                    anythingOf(
                                    "java.net.Socket",
                                    "java.net.ServerSocket",
                                    "java.net.DatagramSocket",
                                    "java.net.InetAddress",
                                    "java.nio.channels.NetworkChannel")
                            .or(t -> t.getOwner().getPackageName().startsWith("io.grpc.netty")),
                    "io.flotilla.raft.transport.Transport or io.flotilla.client.net.Connector"),
            new Ban(
                    "collections whose order differs from process to process",
                    member("java.util.Set", "of", "copyOf")
                            .or(member("java.util.Map", "of", "copyOf", "ofEntries"))
                            .or(member("java.util.stream.Collectors", "toUnmodifiableSet", "toUnmodifiableMap"))
                            .or(anythingOf("java.util.IdentityHashMap", "java.util.WeakHashMap")),
                    "TreeSet, TreeMap, LinkedHashMap or a List"),
            new Ban(
                    "identity hashes",
                    member("java.lang.System", "identityHashCode").or(member("java.lang.Object", "hashCode")),
                    "a key with a value of its own"),
            new Ban(
                    "caches that work behind the scenes",
                    t -> t.getOwner().getPackageName().startsWith("com.github.benmanes.caffeine"),
                    "a bounded LinkedHashMap"));

    /** Breaks for each banned access. */
    ArchCondition<JavaClass> asCondition() {
        return new ArchCondition<>("use " + what) {
            @Override
            public void check(JavaClass item, ConditionEvents events) {
                for (JavaAccess<?> access : item.getAccessesFromSelf()) {
                    if (calls.test(access.getTarget())) {
                        events.add(SimpleConditionEvent.satisfied(
                                item, access.getDescription() + "; use instead: " + instead));
                    }
                }
            }
        };
    }
}
