package io.flotilla.raft.sim;

import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.disk.DiskFile;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

/** Lets a test see each call to a disk and its files before it is made. */
public final class WatchedDisk {
    private WatchedDisk() {}

    /** Sees a call. */
    public interface Watcher {
        /** @param path of the file, or the first argument of a call to the disk itself */
        void before(String method, String path, Object[] arguments);
    }

    public static Disk of(Disk disk, Watcher watcher) {
        return proxy(Disk.class, disk, null, watcher);
    }

    private static <T> T proxy(Class<T> type, T target, String file, Watcher watcher) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (self, method, arguments) -> {
                    String path = file != null || arguments == null ? file : String.valueOf(arguments[0]);
                    watcher.before(method.getName(), path, arguments);
                    try {
                        Object answer = method.invoke(target, arguments);
                        return answer instanceof DiskFile opened
                                ? proxy(DiskFile.class, opened, path, watcher)
                                : answer;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                }));
    }
}
