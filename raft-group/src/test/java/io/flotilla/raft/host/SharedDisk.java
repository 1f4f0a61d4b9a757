package io.flotilla.raft.host;

import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.disk.DiskFile;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

/**
 * A disk for one thread as one for the lanes of a node on threads: records of peers and parts of snapshots are written on
 * different ones. One call after the other.
 */
final class SharedDisk {
    private SharedDisk() {}

    static Disk of(Disk disk) {
        return shared(Disk.class, disk, disk);
    }

    private static <T> T shared(Class<T> type, T target, Object monitor) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
                    synchronized (monitor) {
                        try {
                            Object result = method.invoke(target, arguments);
                            return result instanceof DiskFile file ? shared(DiskFile.class, file, monitor) : result;
                        } catch (InvocationTargetException e) {
                            throw e.getCause();
                        }
                    }
                }));
    }
}
