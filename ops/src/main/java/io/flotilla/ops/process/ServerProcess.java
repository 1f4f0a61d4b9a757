package io.flotilla.ops.process;

import io.flotilla.ops.cli.CliException;
import io.flotilla.ops.cli.ExitCode;
import io.flotilla.ops.cli.Terminal;
import io.flotilla.ops.logging.FileLogging;
import io.flotilla.ops.node.NodeFailure;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs nodes until one fails or the process is told to stop (SIGTERM, SIGINT); then stops them side by side, in order, within
 * five seconds, and ends with exit code 0. A process that is not whole any more is ended at once ({@link ProcessEnd}).
 */
public final class ServerProcess {
    private static final Logger LOG = LoggerFactory.getLogger(ServerProcess.class);
    /** What is left of five seconds after the machine has been slow. */
    private static final long STOP_MILLIS = 4_500;

    private static final long LAST_WORDS_MILLIS = 500;

    private final List<ServedNode> nodes;
    private final ProcessEnd end;

    public ServerProcess(List<ServedNode> nodes, Terminal terminal) {
        this.nodes = List.copyOf(nodes);
        this.end = ProcessEnd.of(line -> {
            terminal.err().write(line, 0, line.length);
            terminal.drain().accept(LAST_WORDS_MILLIS);
        });
    }

    /**
     * Starts the nodes, says when all serve, and returns only by a failure.
     *
     * @param ready runs once on the calling thread
     * @throws CliException when a node can't start or go on; all are stopped
     */
    public int run(Runnable ready) throws InterruptedException {
        watch();
        Thread stopper = new Thread(this::stopAndHalt, "stop");
        Runtime.getRuntime().addShutdownHook(stopper);
        try {
            nodes.forEach(ServedNode::start);
            CompletableFuture<?> allReady = CompletableFuture.allOf(
                    nodes.stream().map(ServedNode::ready).toArray(CompletableFuture[]::new));
            CompletableFuture<?> anyFailed = CompletableFuture.anyOf(
                    nodes.stream().map(ServedNode::failed).toArray(CompletableFuture[]::new));
            CompletableFuture.anyOf(allReady, anyFailed).join();
            if (!anyFailed.isDone()) {
                LOG.info("all nodes of this process are ready");
                ready.run();
                anyFailed.join();
            }
            throw failure();
        } catch (RuntimeException failed) {
            LOG.error("the process ends: {}", failed.getMessage(), failed);
            keepFromHalting(stopper);
            stopAll();
            FileLogging.stop();
            throw failed;
        } catch (Error fatal) {
            end.ifFatal(fatal);
            end.now(ProcessEnd.describe(fatal));
            throw fatal;
        }
    }

    private void watch() {
        FileLogging.watch(end::ifFatal);
        Thread.UncaughtExceptionHandler uncaught = (thread, thrown) -> {
            if (!end.ifFatal(thrown)) {
                LOG.error("thread {} ends", thread.getName(), thrown);
            }
        };
        uncaught.uncaughtException(Thread.currentThread(), ProcessEnd.REHEARSAL);
        Thread.setDefaultUncaughtExceptionHandler(uncaught);
        nodes.forEach(node -> node.onDeath((what, cause) -> {
            end.ifFatal(cause);
            end.now(what);
        }));
        Vitals.ofProcess(end, this::endedThread).start();
    }

    private String endedThread() {
        for (ServedNode node : nodes) {
            String ended = node.endedThread();
            if (ended != null) {
                return ended + " of node " + node.id();
            }
        }
        return null;
    }

    private CliException failure() {
        for (ServedNode node : nodes) {
            NodeFailure failure = node.failed().getNow(null);
            if (failure != null) {
                return new CliException(failure.exitCode(), "node " + node.id() + ": " + failure.message());
            }
        }
        return new CliException(ExitCode.BROKEN, "a node failed without a reason; see its log file");
    }

    /** If the process is being told to stop just now, that goes first. */
    private static void keepFromHalting(Thread stopper) throws InterruptedException {
        try {
            Runtime.getRuntime().removeShutdownHook(stopper);
        } catch (IllegalStateException stopping) {
            stopper.join();
        }
    }

    /** A signal is the ordinary way to stop a server, so its exit code is 0 and not the signal's. */
    private void stopAndHalt() {
        LOG.info("told to stop");
        stopAll();
        LOG.info("stopped");
        FileLogging.stop();
        Runtime.getRuntime().halt(ExitCode.DONE);
    }

    private void stopAll() {
        List<Thread> threads = new ArrayList<>();
        for (ServedNode node : nodes) {
            Thread thread = new Thread(node::close, "stop-" + node.id());
            thread.setDaemon(true);
            thread.start();
            threads.add(thread);
        }
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(STOP_MILLIS);
        for (Thread thread : threads) {
            try {
                thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime())));
            } catch (InterruptedException told) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
