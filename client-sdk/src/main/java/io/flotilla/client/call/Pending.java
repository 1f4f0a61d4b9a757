package io.flotilla.client.call;

import io.flotilla.client.proto.Response;

/** Who waits for the answer to one request on one stream. Exactly one of the two is called. */
interface Pending {
    void answered(Link link, Response response);

    /** The stream is over. @param sent whether the request left; if not, it was certainly not done */
    void lost(Link link, boolean sent);
}
