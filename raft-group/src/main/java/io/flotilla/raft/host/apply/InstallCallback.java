package io.flotilla.raft.host.apply;

/** Hears what became of a snapshot that a machine was given. One of its methods is called, once, on the applier's lane. */
public interface InstallCallback {
    /** The machine holds it, durably. */
    void installed();

    /** It was not installed, and will never be. */
    void failed(String why);
}
