package io.flotilla.ops.logging;

import ch.qos.logback.classic.AsyncAppender;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.rolling.RollingFileAppender;
import ch.qos.logback.core.rolling.SizeAndTimeBasedRollingPolicy;
import ch.qos.logback.core.util.FileSize;
import io.flotilla.ops.cli.CliException;
import io.flotilla.raft.disk.os.OwnerOnly;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.logging.LogManager;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/**
 * Sends log records to {@code DATA/logs/flotilla.log}: a new file each day and at 20 MiB, older ones compressed, at most 14
 * days and 200 MiB in all. Records of libraries that use java.util.logging go there too.
 *
 * <p>Nobody waits for the disk that they are on: what comes while {@value #QUEUE} records wait is lost.
 */
public final class FileLogging {
    private static final String PATTERN = "%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5level [%thread] %logger{30} - %msg%n";
    private static final String FILE_SIZE = "20MB";
    private static final String ALL_FILES = "200MB";
    private static final int DAYS = 14;
    private static final int QUEUE = 4_096;
    private static final int STOP_MILLIS = 1_000;

    private FileLogging() {}

    /**
     * Call once, before anything is logged.
     *
     * @return the folder of the log files
     * @throws CliException (refused) if the folder cannot be made
     */
    public static Path start(Path dataDirectory) {
        Path folder = dataDirectory.resolve("logs");
        try {
            OwnerOnly.createDirectories(folder);
        } catch (IOException failed) {
            throw CliException.refused(
                    "data: " + folder + " cannot be made: " + failed + "; name a folder that this user can write");
        }
        LogManager.getLogManager().reset();
        SLF4JBridgeHandler.install();
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        RollingFileAppender<ILoggingEvent> appender = new RollingFileAppender<>();
        appender.setContext(context);
        appender.setFile(folder.resolve("flotilla.log").toString());

        SizeAndTimeBasedRollingPolicy<ILoggingEvent> policy = new SizeAndTimeBasedRollingPolicy<>();
        policy.setContext(context);
        policy.setParent(appender);
        policy.setFileNamePattern(folder + "/flotilla.%d{yyyy-MM-dd}.%i.log.gz");
        policy.setMaxFileSize(FileSize.valueOf(FILE_SIZE));
        policy.setTotalSizeCap(FileSize.valueOf(ALL_FILES));
        policy.setMaxHistory(DAYS);
        policy.start();

        PatternLayoutEncoder encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setPattern(PATTERN);
        encoder.setCharset(StandardCharsets.UTF_8);
        encoder.start();

        appender.setRollingPolicy(policy);
        appender.setEncoder(encoder);
        appender.start();
        AsyncAppender queue = new AsyncAppender();
        queue.setContext(context);
        queue.setQueueSize(QUEUE);
        queue.setNeverBlock(true);
        queue.setMaxFlushTime(STOP_MILLIS);
        queue.addAppender(appender);
        queue.start();
        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.setLevel(Level.INFO);
        root.addAppender(queue);
        return folder;
    }

    /** Shows somebody each throwable that is logged from now on, on the thread that logs. */
    public static void watch(Consumer<Throwable> seen) {
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        FatalWatch watch = new FatalWatch(seen);
        watch.setContext(context);
        watch.start();
        context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME).addAppender(watch);
    }

    /** Writes what is buffered and closes the files, or gives up after two seconds: the disk may hang. */
    public static void stop() {
        Thread last = new Thread(((LoggerContext) LoggerFactory.getILoggerFactory())::stop, "log-stop");
        last.setDaemon(true);
        last.start();
        try {
            last.join(2 * STOP_MILLIS);
        } catch (InterruptedException told) {
            Thread.currentThread().interrupt();
        }
    }
}
