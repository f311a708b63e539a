// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.upstream.UpstreamException;

/**
 * Makes the plan of one attempt. Called anew for each, on a thread that may block: here the proxy is chosen, trust files are read and
 * tokens are signed, so that a change of any of them is seen by the next attempt.
 */
@FunctionalInterface
public interface ConnectPlanner {
    ConnectPlan plan() throws UpstreamException;
}
