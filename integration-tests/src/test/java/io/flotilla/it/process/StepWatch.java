package io.flotilla.it.process;

import com.sun.jdi.Bootstrap;
import com.sun.jdi.Method;
import com.sun.jdi.ReferenceType;
import com.sun.jdi.VMDisconnectedException;
import com.sun.jdi.VirtualMachine;
import com.sun.jdi.connect.AttachingConnector;
import com.sun.jdi.connect.Connector.Argument;
import com.sun.jdi.event.BreakpointEvent;
import com.sun.jdi.event.ClassPrepareEvent;
import com.sun.jdi.event.Event;
import com.sun.jdi.event.EventSet;
import com.sun.jdi.request.BreakpointRequest;
import com.sun.jdi.request.ClassPrepareRequest;
import com.sun.jdi.request.EventRequest;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * A debugger that waits in one node's process for the first time that a thread comes to a method, and does something while that thread
 * is held there: so a fault hits exactly one step of what a fleet does, with the program as it is. The other threads go on.
 */
final class StepWatch implements AutoCloseable {
    private static final long LOOK_MILLIS = 50;

    interface Fault {
        void strike() throws Exception;
    }

    private final VirtualMachine process;
    private final String className;
    private final String method;
    private final Fault fault;
    private final CompletableFuture<Void> struck = new CompletableFuture<>();
    private final CompletableFuture<Void> over = new CompletableFuture<>();
    private volatile boolean closing;

    /** Of a process that was started with {@link ProcessFleet#withDebugPorts}. */
    StepWatch(int port, String className, String method, Fault fault) throws Exception {
        this.className = className;
        this.method = method;
        this.fault = fault;
        AttachingConnector connector = Bootstrap.virtualMachineManager().attachingConnectors().stream()
                .filter(each -> each.name().equals("com.sun.jdi.SocketAttach"))
                .findFirst()
                .orElseThrow();
        Map<String, Argument> arguments = connector.defaultArguments();
        arguments.get("hostname").setValue("127.0.0.1");
        arguments.get("port").setValue(Integer.toString(port));
        process = connector.attach(arguments);
        ClassPrepareRequest coming = process.eventRequestManager().createClassPrepareRequest();
        coming.addClassFilter(className);
        coming.setSuspendPolicy(EventRequest.SUSPEND_EVENT_THREAD);
        coming.enable();
        for (ReferenceType known : process.classesByName(className)) {
            breakAt(known);
        }
        Thread watcher = new Thread(
                () -> {
                    watch();
                    over.complete(null);
                },
                "step " + method);
        watcher.setDaemon(true);
        watcher.start();
    }

    /** Done once the method was reached and the fault has struck. */
    CompletableFuture<Void> struck() {
        return struck;
    }

    private void breakAt(ReferenceType type) {
        List<Method> methods = type.methodsByName(method);
        if (methods.isEmpty()) {
            throw new AssertionError(
                    className + " has no method " + method + " any more: name the one that takes this step now");
        }
        for (Method each : methods) {
            BreakpointRequest request = process.eventRequestManager().createBreakpointRequest(each.location());
            request.setSuspendPolicy(EventRequest.SUSPEND_EVENT_THREAD);
            request.enable();
        }
    }

    private void watch() {
        boolean isStruck = false;
        try {
            while (true) {
                EventSet events = process.eventQueue().remove(LOOK_MILLIS);
                if (events == null && closing) {
                    process.dispose();
                    return;
                }
                if (events == null) {
                    continue;
                }
                for (Event event : events) {
                    if (event instanceof ClassPrepareEvent prepared) {
                        breakAt(prepared.referenceType());
                    } else if (event instanceof BreakpointEvent && !isStruck) {
                        isStruck = true;
                        fault.strike();
                        process.eventRequestManager().deleteAllBreakpoints();
                    }
                }
                // of threads too that came by before the breakpoint had gone
                events.resume();
                if (isStruck) {
                    struck.complete(null);
                }
            }
        } catch (VMDisconnectedException gone) {
            end(isStruck, gone);
        } catch (Exception | AssertionError e) {
            struck.completeExceptionally(e);
        }
    }

    private void end(boolean isStruck, Exception gone) {
        if (isStruck) {
            struck.complete(null);
        } else {
            struck.completeExceptionally(new IllegalStateException("the process has ended", gone));
        }
    }

    /** Afterwards no thread is held any more. */
    @Override
    public void close() {
        closing = true;
        over.join();
    }
}
