package io.flotilla.ops.cli;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;

/** The process's stdin, looked at when it is first read: it may be closed, see {@link OpenFiles}. Used by one thread. */
public final class StandardInput extends InputStream {
    private FileInputStream opened;

    /** Whether the process was given a stdin that can be read. */
    public boolean isGiven() {
        return opened != null || !OpenFiles.isStdinClosed();
    }

    private InputStream opened() throws IOException {
        if (opened == null) {
            if (!isGiven()) {
                throw new IOException("stdin is closed");
            }
            opened = new FileInputStream(FileDescriptor.in);
        }
        return opened;
    }

    @Override
    public int read() throws IOException {
        return opened().read();
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        return opened().read(target, offset, length);
    }

    @Override
    public void close() throws IOException {
        if (opened != null) {
            opened.close();
        }
    }
}
