package io.flotilla.raft.mutant;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.annotation.Annotation;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Runs one test method as it stands, without a test engine; called across class loaders, so it speaks JDK types only. */
public final class TestRun implements BiFunction<Long, String, String> {
    private final List<Path> directories = new ArrayList<>();

    /** @param test {@code Class#method}, without parameters, with the set-up and the directories that its class has */
    @Override
    public String apply(Long seed, String test) {
        String[] parts = test.split("#");
        try {
            Class<?> type = Class.forName(parts[0], true, getClass().getClassLoader());
            Constructor<?> constructor = type.getDeclaredConstructor();
            constructor.setAccessible(true);
            Object instance = constructor.newInstance();
            List<Class<?>> types = lineage(type);
            for (Class<?> each : types) {
                directories(each, instance);
            }
            Method method = method(types, parts[1]);
            try {
                for (Class<?> each : types) {
                    runAll(each, instance, BeforeEach.class);
                }
                method.invoke(instance);
            } finally {
                for (int i = types.size() - 1; i >= 0; i--) {
                    runAll(types.get(i), instance, AfterEach.class);
                }
            }
            return null;
        } catch (InvocationTargetException e) {
            return String.valueOf(e.getCause().getMessage());
        } catch (ReflectiveOperationException e) {
            throw new AssertionError("there is no test " + test, e);
        } finally {
            directories.forEach(TestRun::delete);
        }
    }

    /** Those above first. */
    private static List<Class<?>> lineage(Class<?> type) {
        List<Class<?>> types = new ArrayList<>();
        for (Class<?> each = type; each != Object.class; each = each.getSuperclass()) {
            types.add(0, each);
        }
        return types;
    }

    private static Method method(List<Class<?>> types, String name) throws NoSuchMethodException {
        for (int i = types.size() - 1; i >= 0; i--) {
            for (Method method : types.get(i).getDeclaredMethods()) {
                if (method.getName().equals(name) && method.getParameterCount() == 0) {
                    method.setAccessible(true);
                    return method;
                }
            }
        }
        throw new NoSuchMethodException(name);
    }

    private void directories(Class<?> type, Object instance) throws ReflectiveOperationException {
        for (Field field : type.getDeclaredFields()) {
            if (field.isAnnotationPresent(TempDir.class)) {
                try {
                    Path directory = Files.createTempDirectory("fault");
                    directories.add(directory);
                    field.setAccessible(true);
                    field.set(instance, directory);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }

    private static void runAll(Class<?> type, Object instance, Class<? extends Annotation> kind)
            throws ReflectiveOperationException {
        for (Method method : type.getDeclaredMethods()) {
            if (method.isAnnotationPresent(kind)) {
                method.setAccessible(true);
                method.invoke(instance);
            }
        }
    }

    private static void delete(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
