// SPDX-License-Identifier: Apache-2.0
package io.upstream.provisioning;

import io.upstream.connect.ConnectStage;

/** The last layer of a connection to the service: login, and the way there and back for requests. */
public interface ServiceLogin extends ConnectStage {
    /** What it made; not before the stage is complete. */
    ServiceLink link();
}
