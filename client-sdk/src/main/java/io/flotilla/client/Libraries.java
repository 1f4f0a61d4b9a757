package io.flotilla.client;

import com.google.protobuf.InvalidProtocolBufferException;
import io.flotilla.client.proto.ClientFrame;
import io.flotilla.client.proto.Hello;
import java.security.CodeSource;
import java.util.Arrays;

/**
 * Whether the libraries that the program brings are such as this client was built with. A program may have others of its own for some
 * other purpose, and what fails then fails deep inside, at every call, with words that explain nothing.
 */
final class Libraries {
    /** The version that this client's messages were generated for; a test compares it with the build's. */
    static final int MAJOR = 4;

    static final int MINOR = 36;
    /** The youngest method of gRPC that this client calls. */
    private static final String GRPC_CLASS = "io.grpc.stub.AbstractStub";

    private static final String GRPC_METHOD = "withOnReadyThreshold";

    private Libraries() {}

    /** @throws IllegalStateException in one sentence, if this client can't work with them */
    static void check() {
        String objection = objection(Libraries.class.getClassLoader());
        if (objection != null) {
            throw new IllegalStateException(objection);
        }
    }

    /** @return null if all is well */
    static String objection(ClassLoader loader) {
        String protobuf = protobuf(loader);
        return protobuf != null ? protobuf : grpc(loader);
    }

    private static String protobuf(ClassLoader loader) {
        String found;
        try {
            Class<?> version = Class.forName("com.google.protobuf.RuntimeVersion", true, loader);
            int major = version.getField("OSS_MAJOR").getInt(null);
            int minor = version.getField("OSS_MINOR").getInt(null);
            boolean fits = major == MAJOR && minor >= MINOR || major == MAJOR + 1;
            if (fits && works()) {
                return null;
            }
            found = fits ? "an older one beside it" : major + "." + minor;
        } catch (ReflectiveOperationException | LinkageError older) {
            found = "an older one";
        }
        return "this client needs protobuf-java " + MAJOR + "." + MINOR + " or a later " + MAJOR
                + ".x, but the program has " + found + from("com.google.protobuf.Message", loader)
                + ": put com.google.protobuf:protobuf-java:" + MAJOR + "." + MINOR
                + ".0 or later alone in its place, or use the client in a class loader of its own";
    }

    /** Whether a message can be made and read: of two versions in the class path each class comes from the first that has it. */
    private static boolean works() {
        try {
            ClientFrame frame = ClientFrame.newBuilder()
                    .setHello(Hello.newBuilder().setProtocolVersion(1))
                    .build();
            return ClientFrame.parseFrom(frame.toByteArray()).equals(frame);
        } catch (InvalidProtocolBufferException | RuntimeException | LinkageError mixed) {
            return false;
        }
    }

    private static String grpc(ClassLoader loader) {
        try {
            Class<?> stub = Class.forName(GRPC_CLASS, false, loader);
            if (Arrays.stream(stub.getMethods())
                    .anyMatch(method -> method.getName().equals(GRPC_METHOD))) {
                return null;
            }
        } catch (ClassNotFoundException | LinkageError none) {
            return "this client needs grpc-stub and what belongs to it, but the program has none: put the version there that the"
                    + " client names";
        }
        return "this client needs a later gRPC than the program has" + from(GRPC_CLASS, loader)
                + ": put the version of io.grpc in its place that the client names, for all of gRPC's jars";
    }

    private static String from(String type, ClassLoader loader) {
        try {
            CodeSource source =
                    Class.forName(type, false, loader).getProtectionDomain().getCodeSource();
            return source == null || source.getLocation() == null ? "" : " (" + source.getLocation() + ")";
        } catch (ClassNotFoundException | LinkageError unknown) {
            return "";
        }
    }
}
