package io.flotilla.raft;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.ModifiersTree;
import com.sun.source.tree.PackageTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.DocTrees;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePath;
import com.sun.source.util.TreePathScanner;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.lang.model.element.Modifier;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;

/**
 * Who embeds this library works from its Javadoc alone: each package and each public type has some, each method of a public
 * interface too, and of everything that has a behaviour it is said which thread may use it, there or for its package.
 */
class DocumentationTest {
    private static final Pattern THREAD = Pattern.compile(
            "(?i)thread|\\blanes?\\b|belongs? to|immutable|\\bpure\\b|group worker|owned by", Pattern.DOTALL);

    private final List<String> missing = new ArrayList<>();
    private final TreeMap<String, String> packages = new TreeMap<>();

    @Test
    void everythingPublicIsDocumented() throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null);
                Stream<Path> sources = Files.walk(Path.of("src/main/java"))) {
            List<Path> all = sources.filter(path -> path.toString().endsWith(".java"))
                    .sorted()
                    .toList();
            look(compiler, files.getJavaFileObjectsFromPaths(all));
        }
        assertThat(packages.keySet()).contains("io.flotilla.raft.core", "io.flotilla.raft.host");
        assertThat(missing).as("write what is missing").isEmpty();
    }

    @Test
    void whatIsMissingIsFound() throws IOException {
        String source = """
                package somewhere;
                public interface Bare {
                    void act();
                    /** Said. */
                    record Value() implements Bare { @Override public void act() {} }
                    /** Says nothing of who may use it. */
                    class Silent {}
                }
                """;
        look(
                ToolProvider.getSystemJavaCompiler(),
                List.of(new SimpleJavaFileObject(URI.create("string:///Bare.java"), JavaFileObject.Kind.SOURCE) {
                    @Override
                    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                        return source;
                    }
                }));
        assertThat(missing)
                .containsExactly(
                        "package somewhere has no package-info",
                        "Bare has no Javadoc",
                        "Bare.act has no Javadoc",
                        "Silent does not say which thread may use it");
    }

    private void look(JavaCompiler compiler, Iterable<? extends JavaFileObject> sources) throws IOException {
        JavacTask task = (JavacTask) compiler.getTask(null, null, null, List.of("-proc:none"), null, sources);
        List<CompilationUnitTree> units = new ArrayList<>();
        task.parse().forEach(units::add);
        DocTrees docs = DocTrees.instance(task);
        for (CompilationUnitTree unit : units) {
            PackageTree declared = unit.getPackage();
            String comment = docs.getDocComment(new TreePath(new TreePath(unit), declared));
            if (comment != null) {
                packages.put(declared.getPackageName().toString(), comment);
            }
        }
        for (CompilationUnitTree unit : units) {
            String name = unit.getPackage().getPackageName().toString();
            if (packages.putIfAbsent(name, "") == null) {
                missing.add("package " + name + " has no package-info");
            }
            new Look(docs, packages.get(name)).scan(unit, null);
        }
    }

    /** Looks at all that can be seen from outside. */
    private final class Look extends TreePathScanner<Void, Void> {
        private final DocTrees docs;
        private final String ofPackage;

        Look(DocTrees docs, String ofPackage) {
            this.docs = docs;
            this.ofPackage = ofPackage;
        }

        @Override
        public Void visitClass(ClassTree type, Void none) {
            if (!isPublic(type.getModifiers())) {
                return null;
            }
            String comment = docs.getDocComment(getCurrentPath());
            if (comment == null || comment.isBlank()) {
                missing.add(type.getSimpleName() + " has no Javadoc");
            } else if (behaves(type) && !THREAD.matcher(comment + ofPackage).find()) {
                missing.add(type.getSimpleName() + " does not say which thread may use it");
            }
            return super.visitClass(type, none);
        }

        @Override
        public Void visitMethod(MethodTree method, Void none) {
            ClassTree type = (ClassTree) getCurrentPath().getParentPath().getLeaf();
            if (type.getKind() == Tree.Kind.INTERFACE
                    && method.getModifiers().getAnnotations().isEmpty()
                    && docs.getDocComment(getCurrentPath()) == null) {
                missing.add(type.getSimpleName() + "." + method.getName() + " has no Javadoc");
            }
            return null;
        }

        /** Values and exceptions have no behaviour to speak of. */
        private boolean behaves(ClassTree type) {
            return (type.getKind() == Tree.Kind.CLASS || type.getKind() == Tree.Kind.INTERFACE)
                    && !type.getSimpleName().toString().endsWith("Exception")
                    && !type.getModifiers().getFlags().contains(Modifier.SEALED);
        }

        private boolean isPublic(ModifiersTree modifiers) {
            Tree around = getCurrentPath().getParentPath().getLeaf();
            return modifiers.getFlags().contains(Modifier.PUBLIC)
                    || (around instanceof ClassTree outer && outer.getKind() == Tree.Kind.INTERFACE);
        }
    }
}
