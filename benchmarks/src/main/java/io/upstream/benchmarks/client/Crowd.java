// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.client;

import java.time.Duration;

/** Many identities in one process, on as few connections as the library can. Each method is called once, in this order. */
interface Crowd {

    /** Opens so many identities, or as many as it can within the limit. */
    Tally.Outcome open(int identities, Duration limit) throws Exception;

    /** Lets each open identity send this once, and waits for the acknowledgements. */
    Tally.Outcome send(byte[] payload, Duration limit) throws Exception;

    /** How many threads of its own the harness has used, which are not the library's. */
    int harnessThreads();
}
