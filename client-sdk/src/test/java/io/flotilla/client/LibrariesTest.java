package io.flotilla.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.RuntimeVersion;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LibrariesTest {
    @TempDir
    private Path folder;

    /** Loads everything anew, some classes as given, others not at all. */
    private static final class Program extends ClassLoader {
        private final Map<String, byte[]> own;
        private final List<String> missing;

        Program(Map<String, byte[]> own, List<String> missing) {
            super(LibrariesTest.class.getClassLoader());
            this.own = own;
            this.missing = missing;
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            synchronized (getClassLoadingLock(name)) {
                if (missing.stream().anyMatch(name::startsWith)) {
                    throw new ClassNotFoundException(name);
                }
                Class<?> known = findLoadedClass(name);
                if (known != null) {
                    return known;
                }
                if (!own.containsKey(name)
                        && !name.startsWith("com.google.protobuf.")
                        && !name.startsWith("io.flotilla.")
                        && !name.startsWith("io.grpc.")) {
                    return super.loadClass(name, resolve);
                }
                try (var in = own.containsKey(name)
                        ? new ByteArrayInputStream(own.get(name))
                        : getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
                    if (in == null) {
                        throw new ClassNotFoundException(name);
                    }
                    byte[] bytes = in.readAllBytes();
                    return defineClass(name, bytes, 0, bytes.length);
                } catch (IOException e) {
                    throw new ClassNotFoundException(name, e);
                }
            }
        }
    }

    private Map<String, byte[]> compiled(String name, String source) throws IOException {
        Path file = folder.resolve(name + ".java");
        Files.writeString(file, source);
        assertThat(ToolProvider.getSystemJavaCompiler().run(null, null, null, "-d", folder.toString(), file.toString()))
                .isZero();
        Map<String, byte[]> classes = new TreeMap<>();
        try (var all = Files.walk(folder)) {
            for (Path each :
                    all.filter(path -> path.toString().endsWith(".class")).toList()) {
                String path = folder.relativize(each).toString();
                classes.put(path.replace(".class", "").replace('/', '.'), Files.readAllBytes(each));
            }
        }
        return classes;
    }

    private static void connect(ClassLoader program) throws ReflectiveOperationException {
        Class<?> client = Class.forName("io.flotilla.client.FlotillaClient", true, program);
        try {
            ((AutoCloseable) client.getMethod("connect", String.class).invoke(null, "127.0.0.1:1")).close();
        } catch (InvocationTargetException e) {
            throw (RuntimeException) e.getCause();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void theBuildsOwnAreFine() throws Exception {
        assertThat(Libraries.MAJOR).isEqualTo(RuntimeVersion.OSS_MAJOR);
        assertThat(Libraries.MINOR).isEqualTo(RuntimeVersion.OSS_MINOR);
        connect(new Program(Map.of(), List.of()));
    }

    /** As protobuf-java 3.25 has it. */
    @Test
    void aProtobufThatDoesNotTellItsVersionIsNamedWhenConnecting() {
        assertThatThrownBy(() -> connect(new Program(Map.of(), List.of("com.google.protobuf.RuntimeVersion"))))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith(
                        "this client needs protobuf-java 4.36 or a later 4.x, but the program has an older one")
                .hasMessageNotContaining("\n");
    }

    @Test
    void anOlderProtobufIsNamedWhenConnecting() throws Exception {
        for (String version : List.of("4, OSS_MINOR = 35", "3, OSS_MINOR = 99", "6, OSS_MINOR = 0")) {
            Map<String, byte[]> older = compiled(
                    "RuntimeVersion",
                    "package com.google.protobuf; public class RuntimeVersion { public static final int OSS_MAJOR = "
                            + version + "; }");
            assertThatThrownBy(() -> connect(new Program(older, List.of())))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("the program has " + version.replace(", OSS_MINOR = ", "."));
        }
    }

    @Test
    void anOlderGrpcIsNamedWhenConnecting() throws Exception {
        Map<String, byte[]> older =
                compiled("AbstractStub", "package io.grpc.stub; public abstract class AbstractStub<S> {}");
        assertThatThrownBy(() -> connect(new Program(older, List.of())))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("this client needs a later gRPC than the program has");
    }
}
