package io.flotilla.raft.mutant;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import javax.tools.DiagnosticCollector;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * The whole program once more, with one fault in it: classes of the mutated files come from their compilation in memory,
 * all other classes of ours from where they always are, and each of them is defined here anew.
 */
public final class MutantLoader extends ClassLoader {
    private final Map<String, byte[]> mutated;

    private MutantLoader(ClassLoader parent, Map<String, byte[]> mutated) {
        super(parent);
        this.mutated = mutated;
    }

    /** The program with the fault in it, or as it is if there are no patches. */
    public static MutantLoader of(Mutant mutant) throws IOException {
        return of(mutant.name(), mutant.sources());
    }

    /** As {@link #of}, with taps in the cores: a {@code CoreTap} hears what they are told. */
    public static MutantLoader tapped(Mutant mutant) throws IOException {
        return of(mutant.name(), Taps.into(mutant.sources()));
    }

    /** The program with other texts for some of its source files. */
    static MutantLoader of(String name, Map<String, String> sources) throws IOException {
        return new MutantLoader(
                MutantLoader.class.getClassLoader(), sources.isEmpty() ? Map.of() : compile(name, sources));
    }

    /** Another instance of a judge's class, in this loader. */
    @SuppressWarnings("unchecked")
    public BiFunction<Long, String, String> load(Judge judge) throws ReflectiveOperationException {
        return (BiFunction<Long, String, String>)
                loadClass(judge.className()).getDeclaredConstructor().newInstance();
    }

    private static Map<String, byte[]> compile(String fault, Map<String, String> texts) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> problems = new DiagnosticCollector<>();
        Map<String, ByteArrayOutputStream> outputs = new HashMap<>();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(problems, null, null)) {
            JavaFileManager inMemory = new ForwardingJavaFileManager<>(files) {
                @Override
                public JavaFileObject getJavaFileForOutput(
                        Location location, String className, JavaFileObject.Kind kind, FileObject sibling) {
                    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                    outputs.put(className, bytes);
                    return new SimpleJavaFileObject(URI.create("memory:/" + className), kind) {
                        @Override
                        public OutputStream openOutputStream() {
                            return bytes;
                        }
                    };
                }
            };
            List<JavaFileObject> sources = new ArrayList<>();
            texts.forEach((file, text) -> sources.add(source(Patch.className(file), text)));
            String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
            List<String> options = List.of("-classpath", classPath, "-proc:none", "-nowarn");
            if (!compiler.getTask(null, inMemory, problems, options, null, sources)
                    .call()) {
                throw new AssertionError("the fault '" + fault + "' does not compile: " + problems.getDiagnostics());
            }
        }
        Map<String, byte[]> classes = new HashMap<>();
        outputs.forEach((name, bytes) -> classes.put(name, bytes.toByteArray()));
        return classes;
    }

    private static JavaFileObject source(String className, String text) {
        return new SimpleJavaFileObject(
                URI.create("memory:/" + className.replace('.', '/') + ".java"), JavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                return text;
            }
        };
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (!name.startsWith("io.flotilla.")) {
            return super.loadClass(name, resolve);
        }
        synchronized (getClassLoadingLock(name)) {
            Class<?> loaded = findLoadedClass(name);
            if (loaded == null) {
                byte[] bytes = mutated.containsKey(name) ? mutated.get(name) : original(name);
                loaded = defineClass(name, bytes, 0, bytes.length);
            }
            if (resolve) {
                resolveClass(loaded);
            }
            return loaded;
        }
    }

    private byte[] original(String name) throws ClassNotFoundException {
        try (InputStream in = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
            if (in == null) {
                throw new ClassNotFoundException(name);
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
