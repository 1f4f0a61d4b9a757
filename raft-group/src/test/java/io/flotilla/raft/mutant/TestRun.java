package io.flotilla.raft.mutant;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.function.BiFunction;
import org.junit.jupiter.api.BeforeEach;

/** Runs one test method as it stands, without a test engine; called across class loaders, so it speaks JDK types only. */
public final class TestRun implements BiFunction<Long, String, String> {
    /** @param test {@code Class#method}, without parameters after the set-up that its class has */
    @Override
    public String apply(Long seed, String test) {
        String[] parts = test.split("#");
        try {
            Class<?> type = Class.forName(parts[0], true, getClass().getClassLoader());
            Constructor<?> constructor = type.getDeclaredConstructor();
            constructor.setAccessible(true);
            Method method = type.getDeclaredMethod(parts[1]);
            method.setAccessible(true);
            Object instance = constructor.newInstance();
            for (Method before : type.getDeclaredMethods()) {
                if (before.isAnnotationPresent(BeforeEach.class)) {
                    before.setAccessible(true);
                    before.invoke(instance);
                }
            }
            method.invoke(instance);
            return null;
        } catch (InvocationTargetException e) {
            return String.valueOf(e.getCause().getMessage());
        } catch (ReflectiveOperationException e) {
            throw new AssertionError("there is no test " + test, e);
        }
    }
}
