package io.flotilla.ops.logging;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxy;
import ch.qos.logback.core.UnsynchronizedAppenderBase;
import java.util.function.Consumer;

/**
 * Shows each throwable that anybody logs to somebody who looks whether it is the end: libraries catch and log also what nobody
 * survives. On the thread that logs.
 */
final class FatalWatch extends UnsynchronizedAppenderBase<ILoggingEvent> {
    private final Consumer<Throwable> seen;

    FatalWatch(Consumer<Throwable> seen) {
        this.seen = seen;
    }

    @Override
    protected void append(ILoggingEvent event) {
        if (event.getThrowableProxy() instanceof ThrowableProxy proxy) {
            seen.accept(proxy.getThrowable());
        }
    }
}
