package io.tidegate.gateway.demo;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.Worker;
import io.tidegate.core.runtime.WorkerThread;
import java.io.IOException;
import java.time.Duration;
import org.eclipse.californium.core.CoapClient;
import org.eclipse.californium.core.CoapResponse;
import org.eclipse.californium.core.coap.CoAP.ResponseCode;
import org.eclipse.californium.core.coap.MediaTypeRegistry;
import org.eclipse.californium.core.config.CoapConfig;
import org.eclipse.californium.core.network.CoapEndpoint;
import org.eclipse.californium.elements.config.Configuration;
import org.eclipse.californium.elements.config.UdpConfig;
import org.eclipse.californium.elements.exception.ConnectorException;
import org.tinylog.Logger;

/**
 * A device that POSTs confirmable readings over CoAP, one after the other, each until it sees 2.04.
 *
 * <p>Owns a thread {@code device-NAME}, and an endpoint with the library's.
 */
final class CoapDevice implements Device {
    private static final Duration IDLE = Duration.ofMillis(20);
    private static final long ANSWER_MILLIS_MAX = 2_000;

    private final String name;
    private final DeviceLedger ledger = new DeviceLedger();
    private final Readings readings;
    private final CoapEndpoint endpoint;
    private final CoapClient client;
    private final WorkerThread thread;

    CoapDevice(String name, int port, Clock clock, long intervalMillis) throws IOException {
        this.name = name;
        this.readings = new Readings(name, ledger, clock, intervalMillis);
        CoapConfig.register();
        UdpConfig.register();
        Configuration configuration =
                Configuration.createStandardWithoutFile().set(CoapConfig.PROTOCOL_STAGE_THREAD_COUNT, 1);
        endpoint = CoapEndpoint.builder().setConfiguration(configuration).build();
        endpoint.start();
        client = new CoapClient("coap://127.0.0.1:" + port + "/plant/" + name + "/reading");
        client.setEndpoint(endpoint);
        client.setTimeout(ANSWER_MILLIS_MAX);
        this.thread = WorkerThread.start(
                "device-" + name, new Sending(), IDLE, e -> Logger.warn("Device {} sends again: {}", name, e));
    }

    private final class Sending implements Worker {
        @Override
        public int doWork() throws ConnectorException, IOException {
            readings.takeDue();
            int[] oldest = ledger.oldestWaiting(1);
            if (oldest.length == 0) {
                return 0;
            }
            CoapResponse response = client.post(readings.payload(oldest[0]), MediaTypeRegistry.APPLICATION_JSON);
            if (response != null && response.getCode() == ResponseCode.CHANGED) {
                ledger.acknowledge(oldest[0]);
                return 1;
            }
            return 0;
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String kind() {
        return "coap";
    }

    @Override
    public DeviceLedger ledger() {
        return ledger;
    }

    @Override
    public void stopTaking() {
        readings.stop();
    }

    @Override
    public boolean isDrained() {
        return ledger.acknowledgedCount() == ledger.taken();
    }

    @Override
    public void close() {
        thread.close();
        client.shutdown();
        endpoint.destroy();
    }
}
