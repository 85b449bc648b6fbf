import * as $protobuf from "protobufjs/minimal.js";
import Long = require("long");

/** Namespace etalon. */
export namespace etalon {

    /**
     * Properties of a TransactionBody.
     * @deprecated Use etalon.TransactionBody.$Properties instead.
     */
    interface ITransactionBody extends etalon.TransactionBody.$Properties {
    }

    /** Represents a TransactionBody. */
    class TransactionBody {

        /**
         * Constructs a new TransactionBody.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.TransactionBody.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** TransactionBody network. */
        network: number;

        /** TransactionBody organization. */
        organization: string;

        /** TransactionBody client. */
        client: string;

        /** TransactionBody keyType. */
        keyType: number;

        /** TransactionBody publicKey. */
        publicKey: Uint8Array;

        /** TransactionBody contract. */
        contract: string;

        /** TransactionBody method. */
        method: string;

        /** TransactionBody args. */
        args: Uint8Array;

        /** TransactionBody validUntilMs. */
        validUntilMs: number;

        /** TransactionBody nonce. */
        nonce: Uint8Array;

        /**
         * Encodes the specified TransactionBody message. Does not implicitly {@link etalon.TransactionBody.verify|verify} messages.
         * @param message TransactionBody message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.TransactionBody.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a TransactionBody message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.TransactionBody & etalon.TransactionBody.$Shape} TransactionBody
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.TransactionBody & etalon.TransactionBody.$Shape;
    }

    namespace TransactionBody {

        /** Properties of a TransactionBody. */
        interface $Properties {

            /** TransactionBody network */
            network?: (number|null);

            /** TransactionBody organization */
            organization?: (string|null);

            /** TransactionBody client */
            client?: (string|null);

            /** TransactionBody keyType */
            keyType?: (number|null);

            /** TransactionBody publicKey */
            publicKey?: (Uint8Array|null);

            /** TransactionBody contract */
            contract?: (string|null);

            /** TransactionBody method */
            method?: (string|null);

            /** TransactionBody args */
            args?: (Uint8Array|null);

            /** TransactionBody validUntilMs */
            validUntilMs?: (number|null);

            /** TransactionBody nonce */
            nonce?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a TransactionBody. */
        type $Shape = etalon.TransactionBody.$Properties;
    }

    /**
     * Properties of a Transaction.
     * @deprecated Use etalon.Transaction.$Properties instead.
     */
    interface ITransaction extends etalon.Transaction.$Properties {
    }

    /** Represents a Transaction. */
    class Transaction {

        /**
         * Constructs a new Transaction.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.Transaction.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Transaction body. */
        body: Uint8Array;

        /** Transaction signature. */
        signature: Uint8Array;

        /**
         * Encodes the specified Transaction message. Does not implicitly {@link etalon.Transaction.verify|verify} messages.
         * @param message Transaction message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.Transaction.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a Transaction message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.Transaction & etalon.Transaction.$Shape} Transaction
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.Transaction & etalon.Transaction.$Shape;
    }

    namespace Transaction {

        /** Properties of a Transaction. */
        interface $Properties {

            /** Transaction body */
            body?: (Uint8Array|null);

            /** Transaction signature */
            signature?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a Transaction. */
        type $Shape = etalon.Transaction.$Properties;
    }

    /**
     * Properties of a BatchBody.
     * @deprecated Use etalon.BatchBody.$Properties instead.
     */
    interface IBatchBody extends etalon.BatchBody.$Properties {
    }

    /** Represents a BatchBody. */
    class BatchBody {

        /**
         * Constructs a new BatchBody.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.BatchBody.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** BatchBody lane. */
        lane: number;

        /** BatchBody incarnation. */
        incarnation: number;

        /** BatchBody number. */
        number: number;

        /** BatchBody transactions. */
        transactions: Uint8Array[];

        /**
         * Encodes the specified BatchBody message. Does not implicitly {@link etalon.BatchBody.verify|verify} messages.
         * @param message BatchBody message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.BatchBody.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a BatchBody message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.BatchBody & etalon.BatchBody.$Shape} BatchBody
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.BatchBody & etalon.BatchBody.$Shape;
    }

    namespace BatchBody {

        /** Properties of a BatchBody. */
        interface $Properties {

            /** BatchBody lane */
            lane?: (number|null);

            /** BatchBody incarnation */
            incarnation?: (number|null);

            /** BatchBody number */
            number?: (number|null);

            /** BatchBody transactions */
            transactions?: (Uint8Array[]|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a BatchBody. */
        type $Shape = etalon.BatchBody.$Properties;
    }

    /**
     * Properties of a Batch.
     * @deprecated Use etalon.Batch.$Properties instead.
     */
    interface IBatch extends etalon.Batch.$Properties {
    }

    /** Represents a Batch. */
    class Batch {

        /**
         * Constructs a new Batch.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.Batch.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Batch body. */
        body: Uint8Array;

        /** Batch view. */
        view: number;

        /** Batch signature. */
        signature: Uint8Array;

        /**
         * Encodes the specified Batch message. Does not implicitly {@link etalon.Batch.verify|verify} messages.
         * @param message Batch message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.Batch.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a Batch message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.Batch & etalon.Batch.$Shape} Batch
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.Batch & etalon.Batch.$Shape;
    }

    namespace Batch {

        /** Properties of a Batch. */
        interface $Properties {

            /** Batch body */
            body?: (Uint8Array|null);

            /** Batch view */
            view?: (number|null);

            /** Batch signature */
            signature?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a Batch. */
        type $Shape = etalon.Batch.$Properties;
    }

    /**
     * Properties of a Value.
     * @deprecated Use etalon.Value.$Properties instead.
     */
    interface IValue extends etalon.Value.$Properties {
    }

    /** Represents a Value. */
    class Value {

        /**
         * Constructs a new Value.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.Value.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Value timestampMs. */
        timestampMs: number;

        /** Value batches. */
        batches: Uint8Array[];

        /**
         * Encodes the specified Value message. Does not implicitly {@link etalon.Value.verify|verify} messages.
         * @param message Value message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.Value.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a Value message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.Value & etalon.Value.$Shape} Value
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.Value & etalon.Value.$Shape;
    }

    namespace Value {

        /** Properties of a Value. */
        interface $Properties {

            /** Value timestampMs */
            timestampMs?: (number|null);

            /** Value batches */
            batches?: (Uint8Array[]|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a Value. */
        type $Shape = etalon.Value.$Properties;
    }

    /**
     * Properties of a Vote.
     * @deprecated Use etalon.Vote.$Properties instead.
     */
    interface IVote extends etalon.Vote.$Properties {
    }

    /** Represents a Vote. */
    class Vote {

        /**
         * Constructs a new Vote.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.Vote.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Vote cid. */
        cid: number;

        /** Vote regency. */
        regency: number;

        /** Vote digest. */
        digest: Uint8Array;

        /** Vote header. */
        header: Uint8Array;

        /**
         * Encodes the specified Vote message. Does not implicitly {@link etalon.Vote.verify|verify} messages.
         * @param message Vote message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.Vote.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a Vote message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.Vote & etalon.Vote.$Shape} Vote
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.Vote & etalon.Vote.$Shape;
    }

    namespace Vote {

        /** Properties of a Vote. */
        interface $Properties {

            /** Vote cid */
            cid?: (number|null);

            /** Vote regency */
            regency?: (number|null);

            /** Vote digest */
            digest?: (Uint8Array|null);

            /** Vote header */
            header?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a Vote. */
        type $Shape = etalon.Vote.$Properties;
    }

    /**
     * Properties of a Propose.
     * @deprecated Use etalon.Propose.$Properties instead.
     */
    interface IPropose extends etalon.Propose.$Properties {
    }

    /** Represents a Propose. */
    class Propose {

        /**
         * Constructs a new Propose.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.Propose.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Propose cid. */
        cid: number;

        /** Propose regency. */
        regency: number;

        /** Propose value. */
        value: Uint8Array;

        /**
         * Encodes the specified Propose message. Does not implicitly {@link etalon.Propose.verify|verify} messages.
         * @param message Propose message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.Propose.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a Propose message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.Propose & etalon.Propose.$Shape} Propose
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.Propose & etalon.Propose.$Shape;
    }

    namespace Propose {

        /** Properties of a Propose. */
        interface $Properties {

            /** Propose cid */
            cid?: (number|null);

            /** Propose regency */
            regency?: (number|null);

            /** Propose value */
            value?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a Propose. */
        type $Shape = etalon.Propose.$Properties;
    }

    /**
     * Properties of a Stop.
     * @deprecated Use etalon.Stop.$Properties instead.
     */
    interface IStop extends etalon.Stop.$Properties {
    }

    /** Represents a Stop. */
    class Stop {

        /**
         * Constructs a new Stop.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.Stop.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Stop regency. */
        regency: number;

        /** Stop reason. */
        reason: number;

        /** Stop start. */
        start: number;

        /** Stop number. */
        number: number;

        /**
         * Encodes the specified Stop message. Does not implicitly {@link etalon.Stop.verify|verify} messages.
         * @param message Stop message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.Stop.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a Stop message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.Stop & etalon.Stop.$Shape} Stop
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.Stop & etalon.Stop.$Shape;
    }

    namespace Stop {

        /** Properties of a Stop. */
        interface $Properties {

            /** Stop regency */
            regency?: (number|null);

            /** Stop reason */
            reason?: (number|null);

            /** Stop start */
            start?: (number|null);

            /** Stop number */
            number?: (number|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a Stop. */
        type $Shape = etalon.Stop.$Properties;
    }

    /**
     * Properties of a Lock.
     * @deprecated Use etalon.Lock.$Properties instead.
     */
    interface ILock extends etalon.Lock.$Properties {
    }

    /** Represents a Lock. */
    class Lock {

        /**
         * Constructs a new Lock.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.Lock.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Lock cid. */
        cid: number;

        /** Lock regency. */
        regency: number;

        /** Lock digest. */
        digest: Uint8Array;

        /**
         * Encodes the specified Lock message. Does not implicitly {@link etalon.Lock.verify|verify} messages.
         * @param message Lock message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.Lock.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a Lock message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.Lock & etalon.Lock.$Shape} Lock
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.Lock & etalon.Lock.$Shape;
    }

    namespace Lock {

        /** Properties of a Lock. */
        interface $Properties {

            /** Lock cid */
            cid?: (number|null);

            /** Lock regency */
            regency?: (number|null);

            /** Lock digest */
            digest?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a Lock. */
        type $Shape = etalon.Lock.$Properties;
    }

    /**
     * Properties of a StopData.
     * @deprecated Use etalon.StopData.$Properties instead.
     */
    interface IStopData extends etalon.StopData.$Properties {
    }

    /** Represents a StopData. */
    class StopData {

        /**
         * Constructs a new StopData.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.StopData.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** StopData regency. */
        regency: number;

        /** StopData baseHeight. */
        baseHeight: number;

        /** StopData baseRegency. */
        baseRegency: number;

        /** StopData baseDigest. */
        baseDigest: Uint8Array;

        /** StopData baseHeader. */
        baseHeader: Uint8Array;

        /** StopData locks. */
        locks: etalon.Lock.$Properties[];

        /**
         * Encodes the specified StopData message. Does not implicitly {@link etalon.StopData.verify|verify} messages.
         * @param message StopData message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.StopData.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a StopData message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.StopData & etalon.StopData.$Shape} StopData
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.StopData & etalon.StopData.$Shape;
    }

    namespace StopData {

        /** Properties of a StopData. */
        interface $Properties {

            /** StopData regency */
            regency?: (number|null);

            /** StopData baseHeight */
            baseHeight?: (number|null);

            /** StopData baseRegency */
            baseRegency?: (number|null);

            /** StopData baseDigest */
            baseDigest?: (Uint8Array|null);

            /** StopData baseHeader */
            baseHeader?: (Uint8Array|null);

            /** StopData locks */
            locks?: (etalon.Lock.$Properties[]|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a StopData. */
        type $Shape = etalon.StopData.$Properties;
    }

    /**
     * Properties of a Sync.
     * @deprecated Use etalon.Sync.$Properties instead.
     */
    interface ISync extends etalon.Sync.$Properties {
    }

    /** Represents a Sync. */
    class Sync {

        /**
         * Constructs a new Sync.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.Sync.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Sync regency. */
        regency: number;

        /** Sync stopData. */
        stopData: Uint8Array[];

        /** Sync proofs. */
        proofs: etalon.Certificate.$Properties[];

        /**
         * Encodes the specified Sync message. Does not implicitly {@link etalon.Sync.verify|verify} messages.
         * @param message Sync message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.Sync.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a Sync message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.Sync & etalon.Sync.$Shape} Sync
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.Sync & etalon.Sync.$Shape;
    }

    namespace Sync {

        /** Properties of a Sync. */
        interface $Properties {

            /** Sync regency */
            regency?: (number|null);

            /** Sync stopData */
            stopData?: (Uint8Array[]|null);

            /** Sync proofs */
            proofs?: (etalon.Certificate.$Properties[]|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a Sync. */
        type $Shape = etalon.Sync.$Properties;
    }

    /**
     * Properties of a ReplicaSignature.
     * @deprecated Use etalon.ReplicaSignature.$Properties instead.
     */
    interface IReplicaSignature extends etalon.ReplicaSignature.$Properties {
    }

    /** Represents a ReplicaSignature. */
    class ReplicaSignature {

        /**
         * Constructs a new ReplicaSignature.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.ReplicaSignature.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** ReplicaSignature replica. */
        replica: number;

        /** ReplicaSignature signature. */
        signature: Uint8Array;

        /**
         * Encodes the specified ReplicaSignature message. Does not implicitly {@link etalon.ReplicaSignature.verify|verify} messages.
         * @param message ReplicaSignature message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.ReplicaSignature.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a ReplicaSignature message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.ReplicaSignature & etalon.ReplicaSignature.$Shape} ReplicaSignature
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.ReplicaSignature & etalon.ReplicaSignature.$Shape;
    }

    namespace ReplicaSignature {

        /** Properties of a ReplicaSignature. */
        interface $Properties {

            /** ReplicaSignature replica */
            replica?: (number|null);

            /** ReplicaSignature signature */
            signature?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a ReplicaSignature. */
        type $Shape = etalon.ReplicaSignature.$Properties;
    }

    /**
     * Properties of a Certificate.
     * @deprecated Use etalon.Certificate.$Properties instead.
     */
    interface ICertificate extends etalon.Certificate.$Properties {
    }

    /** Represents a Certificate. */
    class Certificate {

        /**
         * Constructs a new Certificate.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.Certificate.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Certificate kind. */
        kind: number;

        /** Certificate view. */
        view: number;

        /** Certificate cid. */
        cid: number;

        /** Certificate regency. */
        regency: number;

        /** Certificate digest. */
        digest: Uint8Array;

        /** Certificate header. */
        header: Uint8Array;

        /** Certificate signatures. */
        signatures: etalon.ReplicaSignature.$Properties[];

        /**
         * Encodes the specified Certificate message. Does not implicitly {@link etalon.Certificate.verify|verify} messages.
         * @param message Certificate message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.Certificate.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a Certificate message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.Certificate & etalon.Certificate.$Shape} Certificate
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.Certificate & etalon.Certificate.$Shape;
    }

    namespace Certificate {

        /** Properties of a Certificate. */
        interface $Properties {

            /** Certificate kind */
            kind?: (number|null);

            /** Certificate view */
            view?: (number|null);

            /** Certificate cid */
            cid?: (number|null);

            /** Certificate regency */
            regency?: (number|null);

            /** Certificate digest */
            digest?: (Uint8Array|null);

            /** Certificate header */
            header?: (Uint8Array|null);

            /** Certificate signatures */
            signatures?: (etalon.ReplicaSignature.$Properties[]|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a Certificate. */
        type $Shape = etalon.Certificate.$Properties;
    }

    /**
     * Properties of an Envelope.
     * @deprecated Use etalon.Envelope.$Properties instead.
     */
    interface IEnvelope extends etalon.Envelope.$Properties {
    }

    /** Represents an Envelope. */
    class Envelope {

        /**
         * Constructs a new Envelope.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.Envelope.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Envelope kind. */
        kind: number;

        /** Envelope sender. */
        sender: number;

        /** Envelope view. */
        view: number;

        /** Envelope body. */
        body: Uint8Array;

        /** Envelope signature. */
        signature: Uint8Array;

        /** Envelope proofs. */
        proofs: etalon.Certificate.$Properties[];

        /**
         * Encodes the specified Envelope message. Does not implicitly {@link etalon.Envelope.verify|verify} messages.
         * @param message Envelope message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.Envelope.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes an Envelope message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.Envelope & etalon.Envelope.$Shape} Envelope
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.Envelope & etalon.Envelope.$Shape;
    }

    namespace Envelope {

        /** Properties of an Envelope. */
        interface $Properties {

            /** Envelope kind */
            kind?: (number|null);

            /** Envelope sender */
            sender?: (number|null);

            /** Envelope view */
            view?: (number|null);

            /** Envelope body */
            body?: (Uint8Array|null);

            /** Envelope signature */
            signature?: (Uint8Array|null);

            /** Envelope proofs */
            proofs?: (etalon.Certificate.$Properties[]|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of an Envelope. */
        type $Shape = etalon.Envelope.$Properties;
    }

    /**
     * Properties of a HeldLane.
     * @deprecated Use etalon.HeldLane.$Properties instead.
     */
    interface IHeldLane extends etalon.HeldLane.$Properties {
    }

    /** Represents a HeldLane. */
    class HeldLane {

        /**
         * Constructs a new HeldLane.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.HeldLane.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** HeldLane lane. */
        lane: number;

        /** HeldLane incarnation. */
        incarnation: number;

        /** HeldLane number. */
        number: number;

        /**
         * Encodes the specified HeldLane message. Does not implicitly {@link etalon.HeldLane.verify|verify} messages.
         * @param message HeldLane message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.HeldLane.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a HeldLane message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.HeldLane & etalon.HeldLane.$Shape} HeldLane
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.HeldLane & etalon.HeldLane.$Shape;
    }

    namespace HeldLane {

        /** Properties of a HeldLane. */
        interface $Properties {

            /** HeldLane lane */
            lane?: (number|null);

            /** HeldLane incarnation */
            incarnation?: (number|null);

            /** HeldLane number */
            number?: (number|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a HeldLane. */
        type $Shape = etalon.HeldLane.$Properties;
    }

    /**
     * Properties of a Status.
     * @deprecated Use etalon.Status.$Properties instead.
     */
    interface IStatus extends etalon.Status.$Properties {
    }

    /** Represents a Status. */
    class Status {

        /**
         * Constructs a new Status.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.Status.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Status view. */
        view: number;

        /** Status regency. */
        regency: number;

        /** Status asked. */
        asked: number;

        /** Status executed. */
        executed: number;

        /** Status finalized. */
        finalized: number;

        /** Status oldest. */
        oldest: number;

        /** Status snapshot. */
        snapshot: number;

        /** Status finality. */
        finality?: (etalon.Certificate.$Properties|null);

        /** Status silent. */
        silent: number;

        /** Status silentUntil. */
        silentUntil: number;

        /** Status awaitsSync. */
        awaitsSync: boolean;

        /** Status lanes. */
        lanes: etalon.HeldLane.$Properties[];

        /** Status roundTripMs. */
        roundTripMs: number;

        /** Status ping. */
        ping: number;

        /**
         * Encodes the specified Status message. Does not implicitly {@link etalon.Status.verify|verify} messages.
         * @param message Status message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.Status.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a Status message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.Status & etalon.Status.$Shape} Status
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.Status & etalon.Status.$Shape;
    }

    namespace Status {

        /** Properties of a Status. */
        interface $Properties {

            /** Status view */
            view?: (number|null);

            /** Status regency */
            regency?: (number|null);

            /** Status asked */
            asked?: (number|null);

            /** Status executed */
            executed?: (number|null);

            /** Status finalized */
            finalized?: (number|null);

            /** Status oldest */
            oldest?: (number|null);

            /** Status snapshot */
            snapshot?: (number|null);

            /** Status finality */
            finality?: (etalon.Certificate.$Properties|null);

            /** Status silent */
            silent?: (number|null);

            /** Status silentUntil */
            silentUntil?: (number|null);

            /** Status awaitsSync */
            awaitsSync?: (boolean|null);

            /** Status lanes */
            lanes?: (etalon.HeldLane.$Properties[]|null);

            /** Status roundTripMs */
            roundTripMs?: (number|null);

            /** Status ping */
            ping?: (number|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a Status. */
        type $Shape = etalon.Status.$Properties;
    }

    /**
     * Properties of a FetchRequest.
     * @deprecated Use etalon.FetchRequest.$Properties instead.
     */
    interface IFetchRequest extends etalon.FetchRequest.$Properties {
    }

    /** Represents a FetchRequest. */
    class FetchRequest {

        /**
         * Constructs a new FetchRequest.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.FetchRequest.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** FetchRequest batches. */
        batches: Uint8Array[];

        /** FetchRequest values. */
        values: Uint8Array[];

        /** FetchRequest fromHeight. */
        fromHeight: number;

        /** FetchRequest toHeight. */
        toHeight: number;

        /**
         * Encodes the specified FetchRequest message. Does not implicitly {@link etalon.FetchRequest.verify|verify} messages.
         * @param message FetchRequest message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.FetchRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a FetchRequest message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.FetchRequest & etalon.FetchRequest.$Shape} FetchRequest
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.FetchRequest & etalon.FetchRequest.$Shape;
    }

    namespace FetchRequest {

        /** Properties of a FetchRequest. */
        interface $Properties {

            /** FetchRequest batches */
            batches?: (Uint8Array[]|null);

            /** FetchRequest values */
            values?: (Uint8Array[]|null);

            /** FetchRequest fromHeight */
            fromHeight?: (number|null);

            /** FetchRequest toHeight */
            toHeight?: (number|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a FetchRequest. */
        type $Shape = etalon.FetchRequest.$Properties;
    }

    /**
     * Properties of a FetchReply.
     * @deprecated Use etalon.FetchReply.$Properties instead.
     */
    interface IFetchReply extends etalon.FetchReply.$Properties {
    }

    /** Represents a FetchReply. */
    class FetchReply {

        /**
         * Constructs a new FetchReply.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.FetchReply.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** FetchReply batches. */
        batches: Uint8Array[];

        /** FetchReply values. */
        values: Uint8Array[];

        /** FetchReply blocks. */
        blocks: etalon.BlockRecord.$Properties[];

        /**
         * Encodes the specified FetchReply message. Does not implicitly {@link etalon.FetchReply.verify|verify} messages.
         * @param message FetchReply message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.FetchReply.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a FetchReply message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.FetchReply & etalon.FetchReply.$Shape} FetchReply
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.FetchReply & etalon.FetchReply.$Shape;
    }

    namespace FetchReply {

        /** Properties of a FetchReply. */
        interface $Properties {

            /** FetchReply batches */
            batches?: (Uint8Array[]|null);

            /** FetchReply values */
            values?: (Uint8Array[]|null);

            /** FetchReply blocks */
            blocks?: (etalon.BlockRecord.$Properties[]|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a FetchReply. */
        type $Shape = etalon.FetchReply.$Properties;
    }

    /**
     * Properties of a SnapshotRequest.
     * @deprecated Use etalon.SnapshotRequest.$Properties instead.
     */
    interface ISnapshotRequest extends etalon.SnapshotRequest.$Properties {
    }

    /** Represents a SnapshotRequest. */
    class SnapshotRequest {

        /**
         * Constructs a new SnapshotRequest.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.SnapshotRequest.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** SnapshotRequest height. */
        height: number;

        /** SnapshotRequest manifest. */
        manifest: boolean;

        /** SnapshotRequest chunks. */
        chunks: string[];

        /** SnapshotRequest fromHeight. */
        fromHeight: number;

        /** SnapshotRequest toHeight. */
        toHeight: number;

        /**
         * Encodes the specified SnapshotRequest message. Does not implicitly {@link etalon.SnapshotRequest.verify|verify} messages.
         * @param message SnapshotRequest message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.SnapshotRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a SnapshotRequest message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.SnapshotRequest & etalon.SnapshotRequest.$Shape} SnapshotRequest
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.SnapshotRequest & etalon.SnapshotRequest.$Shape;
    }

    namespace SnapshotRequest {

        /** Properties of a SnapshotRequest. */
        interface $Properties {

            /** SnapshotRequest height */
            height?: (number|null);

            /** SnapshotRequest manifest */
            manifest?: (boolean|null);

            /** SnapshotRequest chunks */
            chunks?: (string[]|null);

            /** SnapshotRequest fromHeight */
            fromHeight?: (number|null);

            /** SnapshotRequest toHeight */
            toHeight?: (number|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a SnapshotRequest. */
        type $Shape = etalon.SnapshotRequest.$Properties;
    }

    /**
     * Properties of a SnapshotReply.
     * @deprecated Use etalon.SnapshotReply.$Properties instead.
     */
    interface ISnapshotReply extends etalon.SnapshotReply.$Properties {
    }

    /** Represents a SnapshotReply. */
    class SnapshotReply {

        /**
         * Constructs a new SnapshotReply.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.SnapshotReply.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** SnapshotReply height. */
        height: number;

        /** SnapshotReply manifest. */
        manifest: Uint8Array;

        /** SnapshotReply chunks. */
        chunks: Uint8Array[];

        /** SnapshotReply blocks. */
        blocks: Uint8Array[];

        /**
         * Encodes the specified SnapshotReply message. Does not implicitly {@link etalon.SnapshotReply.verify|verify} messages.
         * @param message SnapshotReply message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.SnapshotReply.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a SnapshotReply message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.SnapshotReply & etalon.SnapshotReply.$Shape} SnapshotReply
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.SnapshotReply & etalon.SnapshotReply.$Shape;
    }

    namespace SnapshotReply {

        /** Properties of a SnapshotReply. */
        interface $Properties {

            /** SnapshotReply height */
            height?: (number|null);

            /** SnapshotReply manifest */
            manifest?: (Uint8Array|null);

            /** SnapshotReply chunks */
            chunks?: (Uint8Array[]|null);

            /** SnapshotReply blocks */
            blocks?: (Uint8Array[]|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a SnapshotReply. */
        type $Shape = etalon.SnapshotReply.$Properties;
    }

    /**
     * Properties of a Frame.
     * @deprecated Use etalon.Frame.$Properties instead.
     */
    interface IFrame extends etalon.Frame.$Properties {
    }

    /** Represents a Frame. */
    class Frame {

        /**
         * Constructs a new Frame.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.Frame.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Frame envelope. */
        envelope?: (Uint8Array|null);

        /** Frame batch. */
        batch?: (Uint8Array|null);

        /** Frame status. */
        status?: (etalon.Status.$Properties|null);

        /** Frame fetch. */
        fetch?: (etalon.FetchRequest.$Properties|null);

        /** Frame reply. */
        reply?: (etalon.FetchReply.$Properties|null);

        /** Frame snapshotRequest. */
        snapshotRequest?: (etalon.SnapshotRequest.$Properties|null);

        /** Frame snapshotReply. */
        snapshotReply?: (etalon.SnapshotReply.$Properties|null);

        /** Frame certificate. */
        certificate?: (etalon.Certificate.$Properties|null);

        /** Frame installation. */
        installation?: (etalon.Installation.$Properties|null);

        /** Frame evidence. */
        evidence?: (etalon.Evidence.$Properties|null);

        /** Frame pong. */
        pong?: (number|null);

        /** Frame content. */
        content?: ("envelope"|"batch"|"status"|"fetch"|"reply"|"snapshotRequest"|"snapshotReply"|"certificate"|"installation"|"evidence"|"pong");

        /**
         * Encodes the specified Frame message. Does not implicitly {@link etalon.Frame.verify|verify} messages.
         * @param message Frame message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.Frame.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a Frame message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.Frame & etalon.Frame.$Shape} Frame
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.Frame & etalon.Frame.$Shape;
    }

    namespace Frame {

        /** Properties of a Frame. */
        interface $Properties {

            /** Frame envelope */
            envelope?: (Uint8Array|null);

            /** Frame batch */
            batch?: (Uint8Array|null);

            /** Frame status */
            status?: (etalon.Status.$Properties|null);

            /** Frame fetch */
            fetch?: (etalon.FetchRequest.$Properties|null);

            /** Frame reply */
            reply?: (etalon.FetchReply.$Properties|null);

            /** Frame snapshotRequest */
            snapshotRequest?: (etalon.SnapshotRequest.$Properties|null);

            /** Frame snapshotReply */
            snapshotReply?: (etalon.SnapshotReply.$Properties|null);

            /** Frame certificate */
            certificate?: (etalon.Certificate.$Properties|null);

            /** Frame installation */
            installation?: (etalon.Installation.$Properties|null);

            /** Frame evidence */
            evidence?: (etalon.Evidence.$Properties|null);

            /** Frame pong */
            pong?: (number|null);

            /** Frame content */
            content?: ("envelope"|"batch"|"status"|"fetch"|"reply"|"snapshotRequest"|"snapshotReply"|"certificate"|"installation"|"evidence"|"pong");

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Narrowed shape of a Frame. */
        type $Shape = {
          envelope?: Uint8Array|null;
          batch?: Uint8Array|null;
          status?: etalon.Status.$Shape|null;
          fetch?: etalon.FetchRequest.$Shape|null;
          reply?: etalon.FetchReply.$Shape|null;
          snapshotRequest?: etalon.SnapshotRequest.$Shape|null;
          snapshotReply?: etalon.SnapshotReply.$Shape|null;
          certificate?: etalon.Certificate.$Shape|null;
          installation?: etalon.Installation.$Shape|null;
          evidence?: etalon.Evidence.$Shape|null;
          pong?: number|null;
          $unknowns?: Uint8Array[];
        } & (
          ({ content?: undefined; envelope?: null; batch?: null; status?: null; fetch?: null; reply?: null; snapshotRequest?: null; snapshotReply?: null; certificate?: null; installation?: null; evidence?: null; pong?: null }|{ content?: "envelope"; envelope: Uint8Array; batch?: null; status?: null; fetch?: null; reply?: null; snapshotRequest?: null; snapshotReply?: null; certificate?: null; installation?: null; evidence?: null; pong?: null }|{ content?: "batch"; envelope?: null; batch: Uint8Array; status?: null; fetch?: null; reply?: null; snapshotRequest?: null; snapshotReply?: null; certificate?: null; installation?: null; evidence?: null; pong?: null }|{ content?: "status"; envelope?: null; batch?: null; status: etalon.Status.$Shape; fetch?: null; reply?: null; snapshotRequest?: null; snapshotReply?: null; certificate?: null; installation?: null; evidence?: null; pong?: null }|{ content?: "fetch"; envelope?: null; batch?: null; status?: null; fetch: etalon.FetchRequest.$Shape; reply?: null; snapshotRequest?: null; snapshotReply?: null; certificate?: null; installation?: null; evidence?: null; pong?: null }|{ content?: "reply"; envelope?: null; batch?: null; status?: null; fetch?: null; reply: etalon.FetchReply.$Shape; snapshotRequest?: null; snapshotReply?: null; certificate?: null; installation?: null; evidence?: null; pong?: null }|{ content?: "snapshotRequest"; envelope?: null; batch?: null; status?: null; fetch?: null; reply?: null; snapshotRequest: etalon.SnapshotRequest.$Shape; snapshotReply?: null; certificate?: null; installation?: null; evidence?: null; pong?: null }|{ content?: "snapshotReply"; envelope?: null; batch?: null; status?: null; fetch?: null; reply?: null; snapshotRequest?: null; snapshotReply: etalon.SnapshotReply.$Shape; certificate?: null; installation?: null; evidence?: null; pong?: null }|{ content?: "certificate"; envelope?: null; batch?: null; status?: null; fetch?: null; reply?: null; snapshotRequest?: null; snapshotReply?: null; certificate: etalon.Certificate.$Shape; installation?: null; evidence?: null; pong?: null }|{ content?: "installation"; envelope?: null; batch?: null; status?: null; fetch?: null; reply?: null; snapshotRequest?: null; snapshotReply?: null; certificate?: null; installation: etalon.Installation.$Shape; evidence?: null; pong?: null }|{ content?: "evidence"; envelope?: null; batch?: null; status?: null; fetch?: null; reply?: null; snapshotRequest?: null; snapshotReply?: null; certificate?: null; installation?: null; evidence: etalon.Evidence.$Shape; pong?: null }|{ content?: "pong"; envelope?: null; batch?: null; status?: null; fetch?: null; reply?: null; snapshotRequest?: null; snapshotReply?: null; certificate?: null; installation?: null; evidence?: null; pong: number })
        );
    }

    /**
     * Properties of an Installation.
     * @deprecated Use etalon.Installation.$Properties instead.
     */
    interface IInstallation extends etalon.Installation.$Properties {
    }

    /** Represents an Installation. */
    class Installation {

        /**
         * Constructs a new Installation.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.Installation.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Installation stops. */
        stops: Uint8Array[];

        /**
         * Encodes the specified Installation message. Does not implicitly {@link etalon.Installation.verify|verify} messages.
         * @param message Installation message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.Installation.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes an Installation message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.Installation & etalon.Installation.$Shape} Installation
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.Installation & etalon.Installation.$Shape;
    }

    namespace Installation {

        /** Properties of an Installation. */
        interface $Properties {

            /** Installation stops */
            stops?: (Uint8Array[]|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of an Installation. */
        type $Shape = etalon.Installation.$Properties;
    }

    /**
     * Properties of an Evidence.
     * @deprecated Use etalon.Evidence.$Properties instead.
     */
    interface IEvidence extends etalon.Evidence.$Properties {
    }

    /** Represents an Evidence. */
    class Evidence {

        /**
         * Constructs a new Evidence.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.Evidence.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Evidence first. */
        first: Uint8Array;

        /** Evidence second. */
        second: Uint8Array;

        /**
         * Encodes the specified Evidence message. Does not implicitly {@link etalon.Evidence.verify|verify} messages.
         * @param message Evidence message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.Evidence.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes an Evidence message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.Evidence & etalon.Evidence.$Shape} Evidence
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.Evidence & etalon.Evidence.$Shape;
    }

    namespace Evidence {

        /** Properties of an Evidence. */
        interface $Properties {

            /** Evidence first */
            first?: (Uint8Array|null);

            /** Evidence second */
            second?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of an Evidence. */
        type $Shape = etalon.Evidence.$Properties;
    }

    /**
     * Properties of a BlockHeader.
     * @deprecated Use etalon.BlockHeader.$Properties instead.
     */
    interface IBlockHeader extends etalon.BlockHeader.$Properties {
    }

    /** Represents a BlockHeader. */
    class BlockHeader {

        /**
         * Constructs a new BlockHeader.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.BlockHeader.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** BlockHeader height. */
        height: number;

        /** BlockHeader previous. */
        previous: Uint8Array;

        /** BlockHeader value. */
        value: Uint8Array;

        /** BlockHeader transactionRoot. */
        transactionRoot: Uint8Array;

        /** BlockHeader receiptRoot. */
        receiptRoot: Uint8Array;

        /** BlockHeader stateRoot. */
        stateRoot: Uint8Array;

        /** BlockHeader timeMs. */
        timeMs: number;

        /** BlockHeader view. */
        view: Uint8Array;

        /** BlockHeader contracts. */
        contracts: Uint8Array;

        /** BlockHeader transactions. */
        transactions: number;

        /**
         * Encodes the specified BlockHeader message. Does not implicitly {@link etalon.BlockHeader.verify|verify} messages.
         * @param message BlockHeader message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.BlockHeader.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a BlockHeader message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.BlockHeader & etalon.BlockHeader.$Shape} BlockHeader
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.BlockHeader & etalon.BlockHeader.$Shape;
    }

    namespace BlockHeader {

        /** Properties of a BlockHeader. */
        interface $Properties {

            /** BlockHeader height */
            height?: (number|null);

            /** BlockHeader previous */
            previous?: (Uint8Array|null);

            /** BlockHeader value */
            value?: (Uint8Array|null);

            /** BlockHeader transactionRoot */
            transactionRoot?: (Uint8Array|null);

            /** BlockHeader receiptRoot */
            receiptRoot?: (Uint8Array|null);

            /** BlockHeader stateRoot */
            stateRoot?: (Uint8Array|null);

            /** BlockHeader timeMs */
            timeMs?: (number|null);

            /** BlockHeader view */
            view?: (Uint8Array|null);

            /** BlockHeader contracts */
            contracts?: (Uint8Array|null);

            /** BlockHeader transactions */
            transactions?: (number|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a BlockHeader. */
        type $Shape = etalon.BlockHeader.$Properties;
    }

    /**
     * Properties of an Event.
     * @deprecated Use etalon.Event.$Properties instead.
     */
    interface IEvent extends etalon.Event.$Properties {
    }

    /** Represents an Event. */
    class Event {

        /**
         * Constructs a new Event.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.Event.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Event name. */
        name: string;

        /** Event data. */
        data: Uint8Array;

        /**
         * Encodes the specified Event message. Does not implicitly {@link etalon.Event.verify|verify} messages.
         * @param message Event message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.Event.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes an Event message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.Event & etalon.Event.$Shape} Event
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.Event & etalon.Event.$Shape;
    }

    namespace Event {

        /** Properties of an Event. */
        interface $Properties {

            /** Event name */
            name?: (string|null);

            /** Event data */
            data?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of an Event. */
        type $Shape = etalon.Event.$Properties;
    }

    /**
     * Properties of a Receipt.
     * @deprecated Use etalon.Receipt.$Properties instead.
     */
    interface IReceipt extends etalon.Receipt.$Properties {
    }

    /** Represents a Receipt. */
    class Receipt {

        /**
         * Constructs a new Receipt.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.Receipt.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** Receipt transaction. */
        transaction: Uint8Array;

        /** Receipt status. */
        status: number;

        /** Receipt code. */
        code: string;

        /** Receipt detail. */
        detail: string;

        /** Receipt result. */
        result: Uint8Array;

        /** Receipt events. */
        events: etalon.Event.$Properties[];

        /**
         * Encodes the specified Receipt message. Does not implicitly {@link etalon.Receipt.verify|verify} messages.
         * @param message Receipt message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.Receipt.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a Receipt message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.Receipt & etalon.Receipt.$Shape} Receipt
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.Receipt & etalon.Receipt.$Shape;
    }

    namespace Receipt {

        /** Properties of a Receipt. */
        interface $Properties {

            /** Receipt transaction */
            transaction?: (Uint8Array|null);

            /** Receipt status */
            status?: (number|null);

            /** Receipt code */
            code?: (string|null);

            /** Receipt detail */
            detail?: (string|null);

            /** Receipt result */
            result?: (Uint8Array|null);

            /** Receipt events */
            events?: (etalon.Event.$Properties[]|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a Receipt. */
        type $Shape = etalon.Receipt.$Properties;
    }

    /**
     * Properties of a BlockBody.
     * @deprecated Use etalon.BlockBody.$Properties instead.
     */
    interface IBlockBody extends etalon.BlockBody.$Properties {
    }

    /** Represents a BlockBody. */
    class BlockBody {

        /**
         * Constructs a new BlockBody.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.BlockBody.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** BlockBody value. */
        value: Uint8Array;

        /** BlockBody batches. */
        batches: Uint8Array[];

        /**
         * Encodes the specified BlockBody message. Does not implicitly {@link etalon.BlockBody.verify|verify} messages.
         * @param message BlockBody message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.BlockBody.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a BlockBody message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.BlockBody & etalon.BlockBody.$Shape} BlockBody
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.BlockBody & etalon.BlockBody.$Shape;
    }

    namespace BlockBody {

        /** Properties of a BlockBody. */
        interface $Properties {

            /** BlockBody value */
            value?: (Uint8Array|null);

            /** BlockBody batches */
            batches?: (Uint8Array[]|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a BlockBody. */
        type $Shape = etalon.BlockBody.$Properties;
    }

    /**
     * Properties of a BlockRecord.
     * @deprecated Use etalon.BlockRecord.$Properties instead.
     */
    interface IBlockRecord extends etalon.BlockRecord.$Properties {
    }

    /** Represents a BlockRecord. */
    class BlockRecord {

        /**
         * Constructs a new BlockRecord.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.BlockRecord.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** BlockRecord header. */
        header: Uint8Array;

        /** BlockRecord body. */
        body: Uint8Array;

        /** BlockRecord certificate. */
        certificate?: (etalon.Certificate.$Properties|null);

        /**
         * Encodes the specified BlockRecord message. Does not implicitly {@link etalon.BlockRecord.verify|verify} messages.
         * @param message BlockRecord message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.BlockRecord.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a BlockRecord message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.BlockRecord & etalon.BlockRecord.$Shape} BlockRecord
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.BlockRecord & etalon.BlockRecord.$Shape;
    }

    namespace BlockRecord {

        /** Properties of a BlockRecord. */
        interface $Properties {

            /** BlockRecord header */
            header?: (Uint8Array|null);

            /** BlockRecord body */
            body?: (Uint8Array|null);

            /** BlockRecord certificate */
            certificate?: (etalon.Certificate.$Properties|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a BlockRecord. */
        type $Shape = etalon.BlockRecord.$Properties;
    }

    /**
     * Properties of a ChunkRoot.
     * @deprecated Use etalon.ChunkRoot.$Properties instead.
     */
    interface IChunkRoot extends etalon.ChunkRoot.$Properties {
    }

    /** Represents a ChunkRoot. */
    class ChunkRoot {

        /**
         * Constructs a new ChunkRoot.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.ChunkRoot.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** ChunkRoot path. */
        path: string;

        /** ChunkRoot slot. */
        slot: Uint8Array;

        /**
         * Encodes the specified ChunkRoot message. Does not implicitly {@link etalon.ChunkRoot.verify|verify} messages.
         * @param message ChunkRoot message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.ChunkRoot.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a ChunkRoot message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.ChunkRoot & etalon.ChunkRoot.$Shape} ChunkRoot
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.ChunkRoot & etalon.ChunkRoot.$Shape;
    }

    namespace ChunkRoot {

        /** Properties of a ChunkRoot. */
        interface $Properties {

            /** ChunkRoot path */
            path?: (string|null);

            /** ChunkRoot slot */
            slot?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a ChunkRoot. */
        type $Shape = etalon.ChunkRoot.$Properties;
    }

    /**
     * Properties of a SnapshotManifest.
     * @deprecated Use etalon.SnapshotManifest.$Properties instead.
     */
    interface ISnapshotManifest extends etalon.SnapshotManifest.$Properties {
    }

    /** Represents a SnapshotManifest. */
    class SnapshotManifest {

        /**
         * Constructs a new SnapshotManifest.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.SnapshotManifest.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** SnapshotManifest header. */
        header: Uint8Array;

        /** SnapshotManifest finality. */
        finality?: (etalon.Certificate.$Properties|null);

        /** SnapshotManifest chunks. */
        chunks: etalon.ChunkRoot.$Properties[];

        /** SnapshotManifest views. */
        views: Uint8Array;

        /**
         * Encodes the specified SnapshotManifest message. Does not implicitly {@link etalon.SnapshotManifest.verify|verify} messages.
         * @param message SnapshotManifest message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.SnapshotManifest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a SnapshotManifest message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.SnapshotManifest & etalon.SnapshotManifest.$Shape} SnapshotManifest
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.SnapshotManifest & etalon.SnapshotManifest.$Shape;
    }

    namespace SnapshotManifest {

        /** Properties of a SnapshotManifest. */
        interface $Properties {

            /** SnapshotManifest header */
            header?: (Uint8Array|null);

            /** SnapshotManifest finality */
            finality?: (etalon.Certificate.$Properties|null);

            /** SnapshotManifest chunks */
            chunks?: (etalon.ChunkRoot.$Properties[]|null);

            /** SnapshotManifest views */
            views?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a SnapshotManifest. */
        type $Shape = etalon.SnapshotManifest.$Properties;
    }

    /**
     * Properties of a StateRow.
     * @deprecated Use etalon.StateRow.$Properties instead.
     */
    interface IStateRow extends etalon.StateRow.$Properties {
    }

    /** Represents a StateRow. */
    class StateRow {

        /**
         * Constructs a new StateRow.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.StateRow.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** StateRow key. */
        key: string;

        /** StateRow value. */
        value: Uint8Array;

        /**
         * Encodes the specified StateRow message. Does not implicitly {@link etalon.StateRow.verify|verify} messages.
         * @param message StateRow message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.StateRow.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a StateRow message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.StateRow & etalon.StateRow.$Shape} StateRow
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.StateRow & etalon.StateRow.$Shape;
    }

    namespace StateRow {

        /** Properties of a StateRow. */
        interface $Properties {

            /** StateRow key */
            key?: (string|null);

            /** StateRow value */
            value?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a StateRow. */
        type $Shape = etalon.StateRow.$Properties;
    }

    /**
     * Properties of a StateChunk.
     * @deprecated Use etalon.StateChunk.$Properties instead.
     */
    interface IStateChunk extends etalon.StateChunk.$Properties {
    }

    /** Represents a StateChunk. */
    class StateChunk {

        /**
         * Constructs a new StateChunk.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.StateChunk.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** StateChunk path. */
        path: string;

        /** StateChunk rows. */
        rows: etalon.StateRow.$Properties[];

        /**
         * Encodes the specified StateChunk message. Does not implicitly {@link etalon.StateChunk.verify|verify} messages.
         * @param message StateChunk message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.StateChunk.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a StateChunk message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.StateChunk & etalon.StateChunk.$Shape} StateChunk
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.StateChunk & etalon.StateChunk.$Shape;
    }

    namespace StateChunk {

        /** Properties of a StateChunk. */
        interface $Properties {

            /** StateChunk path */
            path?: (string|null);

            /** StateChunk rows */
            rows?: (etalon.StateRow.$Properties[]|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a StateChunk. */
        type $Shape = etalon.StateChunk.$Properties;
    }

    /**
     * Properties of a WholeBlock.
     * @deprecated Use etalon.WholeBlock.$Properties instead.
     */
    interface IWholeBlock extends etalon.WholeBlock.$Properties {
    }

    /** Represents a WholeBlock. */
    class WholeBlock {

        /**
         * Constructs a new WholeBlock.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.WholeBlock.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** WholeBlock record. */
        record?: (etalon.BlockRecord.$Properties|null);

        /** WholeBlock receipts. */
        receipts: Uint8Array[];

        /**
         * Encodes the specified WholeBlock message. Does not implicitly {@link etalon.WholeBlock.verify|verify} messages.
         * @param message WholeBlock message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.WholeBlock.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a WholeBlock message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.WholeBlock & etalon.WholeBlock.$Shape} WholeBlock
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.WholeBlock & etalon.WholeBlock.$Shape;
    }

    namespace WholeBlock {

        /** Properties of a WholeBlock. */
        interface $Properties {

            /** WholeBlock record */
            record?: (etalon.BlockRecord.$Properties|null);

            /** WholeBlock receipts */
            receipts?: (Uint8Array[]|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a WholeBlock. */
        type $Shape = etalon.WholeBlock.$Properties;
    }

    /**
     * Properties of a WalAccept.
     * @deprecated Use etalon.WalAccept.$Properties instead.
     */
    interface IWalAccept extends etalon.WalAccept.$Properties {
    }

    /** Represents a WalAccept. */
    class WalAccept {

        /**
         * Constructs a new WalAccept.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.WalAccept.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** WalAccept prepared. */
        prepared?: (etalon.Certificate.$Properties|null);

        /** WalAccept value. */
        value: Uint8Array;

        /** WalAccept header. */
        header: Uint8Array;

        /**
         * Encodes the specified WalAccept message. Does not implicitly {@link etalon.WalAccept.verify|verify} messages.
         * @param message WalAccept message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.WalAccept.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a WalAccept message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.WalAccept & etalon.WalAccept.$Shape} WalAccept
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.WalAccept & etalon.WalAccept.$Shape;
    }

    namespace WalAccept {

        /** Properties of a WalAccept. */
        interface $Properties {

            /** WalAccept prepared */
            prepared?: (etalon.Certificate.$Properties|null);

            /** WalAccept value */
            value?: (Uint8Array|null);

            /** WalAccept header */
            header?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a WalAccept. */
        type $Shape = etalon.WalAccept.$Properties;
    }

    /**
     * Properties of a WalLost.
     * @deprecated Use etalon.WalLost.$Properties instead.
     */
    interface IWalLost extends etalon.WalLost.$Properties {
    }

    /** Represents a WalLost. */
    class WalLost {

        /**
         * Constructs a new WalLost.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.WalLost.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** WalLost bounded. */
        bounded: boolean;

        /** WalLost view. */
        view: number;

        /** WalLost height. */
        height: number;

        /** WalLost regency. */
        regency: number;

        /**
         * Encodes the specified WalLost message. Does not implicitly {@link etalon.WalLost.verify|verify} messages.
         * @param message WalLost message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.WalLost.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a WalLost message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.WalLost & etalon.WalLost.$Shape} WalLost
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.WalLost & etalon.WalLost.$Shape;
    }

    namespace WalLost {

        /** Properties of a WalLost. */
        interface $Properties {

            /** WalLost bounded */
            bounded?: (boolean|null);

            /** WalLost view */
            view?: (number|null);

            /** WalLost height */
            height?: (number|null);

            /** WalLost regency */
            regency?: (number|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a WalLost. */
        type $Shape = etalon.WalLost.$Properties;
    }

    /**
     * Properties of a WalVote.
     * @deprecated Use etalon.WalVote.$Properties instead.
     */
    interface IWalVote extends etalon.WalVote.$Properties {
    }

    /** Represents a WalVote. */
    class WalVote {

        /**
         * Constructs a new WalVote.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.WalVote.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** WalVote cid. */
        cid: number;

        /** WalVote digest. */
        digest: Uint8Array;

        /**
         * Encodes the specified WalVote message. Does not implicitly {@link etalon.WalVote.verify|verify} messages.
         * @param message WalVote message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.WalVote.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a WalVote message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.WalVote & etalon.WalVote.$Shape} WalVote
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.WalVote & etalon.WalVote.$Shape;
    }

    namespace WalVote {

        /** Properties of a WalVote. */
        interface $Properties {

            /** WalVote cid */
            cid?: (number|null);

            /** WalVote digest */
            digest?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a WalVote. */
        type $Shape = etalon.WalVote.$Properties;
    }

    /**
     * Properties of a WalMark.
     * @deprecated Use etalon.WalMark.$Properties instead.
     */
    interface IWalMark extends etalon.WalMark.$Properties {
    }

    /** Represents a WalMark. */
    class WalMark {

        /**
         * Constructs a new WalMark.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.WalMark.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** WalMark regency. */
        regency: number;

        /** WalMark writes. */
        writes: etalon.WalVote.$Properties[];

        /** WalMark proposed. */
        proposed: number;

        /** WalMark synced. */
        synced: boolean;

        /**
         * Encodes the specified WalMark message. Does not implicitly {@link etalon.WalMark.verify|verify} messages.
         * @param message WalMark message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.WalMark.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a WalMark message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.WalMark & etalon.WalMark.$Shape} WalMark
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.WalMark & etalon.WalMark.$Shape;
    }

    namespace WalMark {

        /** Properties of a WalMark. */
        interface $Properties {

            /** WalMark regency */
            regency?: (number|null);

            /** WalMark writes */
            writes?: (etalon.WalVote.$Properties[]|null);

            /** WalMark proposed */
            proposed?: (number|null);

            /** WalMark synced */
            synced?: (boolean|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a WalMark. */
        type $Shape = etalon.WalMark.$Properties;
    }

    /**
     * Properties of a WalRecord.
     * @deprecated Use etalon.WalRecord.$Properties instead.
     */
    interface IWalRecord extends etalon.WalRecord.$Properties {
    }

    /** Represents a WalRecord. */
    class WalRecord {

        /**
         * Constructs a new WalRecord.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.WalRecord.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** WalRecord batch. */
        batch?: (Uint8Array|null);

        /** WalRecord view. */
        view?: (number|null);

        /** WalRecord regency. */
        regency?: (number|null);

        /** WalRecord stop. */
        stop?: (number|null);

        /** WalRecord accept. */
        accept?: (etalon.WalAccept.$Properties|null);

        /** WalRecord lost. */
        lost?: (etalon.WalLost.$Properties|null);

        /** WalRecord mark. */
        mark?: (etalon.WalMark.$Properties|null);

        /** WalRecord record. */
        record?: ("batch"|"view"|"regency"|"stop"|"accept"|"lost"|"mark");

        /**
         * Encodes the specified WalRecord message. Does not implicitly {@link etalon.WalRecord.verify|verify} messages.
         * @param message WalRecord message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.WalRecord.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a WalRecord message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.WalRecord & etalon.WalRecord.$Shape} WalRecord
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.WalRecord & etalon.WalRecord.$Shape;
    }

    namespace WalRecord {

        /** Properties of a WalRecord. */
        interface $Properties {

            /** WalRecord batch */
            batch?: (Uint8Array|null);

            /** WalRecord view */
            view?: (number|null);

            /** WalRecord regency */
            regency?: (number|null);

            /** WalRecord stop */
            stop?: (number|null);

            /** WalRecord accept */
            accept?: (etalon.WalAccept.$Properties|null);

            /** WalRecord lost */
            lost?: (etalon.WalLost.$Properties|null);

            /** WalRecord mark */
            mark?: (etalon.WalMark.$Properties|null);

            /** WalRecord record */
            record?: ("batch"|"view"|"regency"|"stop"|"accept"|"lost"|"mark");

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Narrowed shape of a WalRecord. */
        type $Shape = {
          batch?: Uint8Array|null;
          view?: number|null;
          regency?: number|null;
          stop?: number|null;
          accept?: etalon.WalAccept.$Shape|null;
          lost?: etalon.WalLost.$Shape|null;
          mark?: etalon.WalMark.$Shape|null;
          $unknowns?: Uint8Array[];
        } & (
          ({ record?: undefined; batch?: null; view?: null; regency?: null; stop?: null; accept?: null; lost?: null; mark?: null }|{ record?: "batch"; batch: Uint8Array; view?: null; regency?: null; stop?: null; accept?: null; lost?: null; mark?: null }|{ record?: "view"; batch?: null; view: number; regency?: null; stop?: null; accept?: null; lost?: null; mark?: null }|{ record?: "regency"; batch?: null; view?: null; regency: number; stop?: null; accept?: null; lost?: null; mark?: null }|{ record?: "stop"; batch?: null; view?: null; regency?: null; stop: number; accept?: null; lost?: null; mark?: null }|{ record?: "accept"; batch?: null; view?: null; regency?: null; stop?: null; accept: etalon.WalAccept.$Shape; lost?: null; mark?: null }|{ record?: "lost"; batch?: null; view?: null; regency?: null; stop?: null; accept?: null; lost: etalon.WalLost.$Shape; mark?: null }|{ record?: "mark"; batch?: null; view?: null; regency?: null; stop?: null; accept?: null; lost?: null; mark: etalon.WalMark.$Shape })
        );
    }

    /**
     * Properties of a ChannelSubmit.
     * @deprecated Use etalon.ChannelSubmit.$Properties instead.
     */
    interface IChannelSubmit extends etalon.ChannelSubmit.$Properties {
    }

    /** Represents a ChannelSubmit. */
    class ChannelSubmit {

        /**
         * Constructs a new ChannelSubmit.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.ChannelSubmit.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** ChannelSubmit ref. */
        ref: number;

        /** ChannelSubmit transaction. */
        transaction: Uint8Array;

        /**
         * Encodes the specified ChannelSubmit message. Does not implicitly {@link etalon.ChannelSubmit.verify|verify} messages.
         * @param message ChannelSubmit message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.ChannelSubmit.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a ChannelSubmit message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.ChannelSubmit & etalon.ChannelSubmit.$Shape} ChannelSubmit
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.ChannelSubmit & etalon.ChannelSubmit.$Shape;
    }

    namespace ChannelSubmit {

        /** Properties of a ChannelSubmit. */
        interface $Properties {

            /** ChannelSubmit ref */
            ref?: (number|null);

            /** ChannelSubmit transaction */
            transaction?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a ChannelSubmit. */
        type $Shape = etalon.ChannelSubmit.$Properties;
    }

    /**
     * Properties of a ChannelRequest.
     * @deprecated Use etalon.ChannelRequest.$Properties instead.
     */
    interface IChannelRequest extends etalon.ChannelRequest.$Properties {
    }

    /** Represents a ChannelRequest. */
    class ChannelRequest {

        /**
         * Constructs a new ChannelRequest.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.ChannelRequest.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** ChannelRequest submit. */
        submit: etalon.ChannelSubmit.$Properties[];

        /**
         * Encodes the specified ChannelRequest message. Does not implicitly {@link etalon.ChannelRequest.verify|verify} messages.
         * @param message ChannelRequest message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.ChannelRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a ChannelRequest message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.ChannelRequest & etalon.ChannelRequest.$Shape} ChannelRequest
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.ChannelRequest & etalon.ChannelRequest.$Shape;
    }

    namespace ChannelRequest {

        /** Properties of a ChannelRequest. */
        interface $Properties {

            /** ChannelRequest submit */
            submit?: (etalon.ChannelSubmit.$Properties[]|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a ChannelRequest. */
        type $Shape = etalon.ChannelRequest.$Properties;
    }

    /**
     * Properties of a ProvenReceipt.
     * @deprecated Use etalon.ProvenReceipt.$Properties instead.
     */
    interface IProvenReceipt extends etalon.ProvenReceipt.$Properties {
    }

    /** Represents a ProvenReceipt. */
    class ProvenReceipt {

        /**
         * Constructs a new ProvenReceipt.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.ProvenReceipt.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** ProvenReceipt ref. */
        ref: number;

        /** ProvenReceipt index. */
        index: number;

        /** ProvenReceipt receipt. */
        receipt: Uint8Array;

        /** ProvenReceipt path. */
        path: Uint8Array[];

        /**
         * Encodes the specified ProvenReceipt message. Does not implicitly {@link etalon.ProvenReceipt.verify|verify} messages.
         * @param message ProvenReceipt message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.ProvenReceipt.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a ProvenReceipt message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.ProvenReceipt & etalon.ProvenReceipt.$Shape} ProvenReceipt
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.ProvenReceipt & etalon.ProvenReceipt.$Shape;
    }

    namespace ProvenReceipt {

        /** Properties of a ProvenReceipt. */
        interface $Properties {

            /** ProvenReceipt ref */
            ref?: (number|null);

            /** ProvenReceipt index */
            index?: (number|null);

            /** ProvenReceipt receipt */
            receipt?: (Uint8Array|null);

            /** ProvenReceipt path */
            path?: (Uint8Array[]|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a ProvenReceipt. */
        type $Shape = etalon.ProvenReceipt.$Properties;
    }

    /**
     * Properties of a FinalizedBlock.
     * @deprecated Use etalon.FinalizedBlock.$Properties instead.
     */
    interface IFinalizedBlock extends etalon.FinalizedBlock.$Properties {
    }

    /** Represents a FinalizedBlock. */
    class FinalizedBlock {

        /**
         * Constructs a new FinalizedBlock.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.FinalizedBlock.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** FinalizedBlock header. */
        header: Uint8Array;

        /** FinalizedBlock finality. */
        finality?: (etalon.Certificate.$Properties|null);

        /** FinalizedBlock receipts. */
        receipts: etalon.ProvenReceipt.$Properties[];

        /** FinalizedBlock headers. */
        headers: Uint8Array[];

        /**
         * Encodes the specified FinalizedBlock message. Does not implicitly {@link etalon.FinalizedBlock.verify|verify} messages.
         * @param message FinalizedBlock message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.FinalizedBlock.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a FinalizedBlock message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.FinalizedBlock & etalon.FinalizedBlock.$Shape} FinalizedBlock
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.FinalizedBlock & etalon.FinalizedBlock.$Shape;
    }

    namespace FinalizedBlock {

        /** Properties of a FinalizedBlock. */
        interface $Properties {

            /** FinalizedBlock header */
            header?: (Uint8Array|null);

            /** FinalizedBlock finality */
            finality?: (etalon.Certificate.$Properties|null);

            /** FinalizedBlock receipts */
            receipts?: (etalon.ProvenReceipt.$Properties[]|null);

            /** FinalizedBlock headers */
            headers?: (Uint8Array[]|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a FinalizedBlock. */
        type $Shape = etalon.FinalizedBlock.$Properties;
    }

    /**
     * Properties of a ChannelRefusal.
     * @deprecated Use etalon.ChannelRefusal.$Properties instead.
     */
    interface IChannelRefusal extends etalon.ChannelRefusal.$Properties {
    }

    /** Represents a ChannelRefusal. */
    class ChannelRefusal {

        /**
         * Constructs a new ChannelRefusal.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.ChannelRefusal.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** ChannelRefusal ref. */
        ref: number;

        /** ChannelRefusal code. */
        code: string;

        /** ChannelRefusal detail. */
        detail: string;

        /** ChannelRefusal retryAfterMs. */
        retryAfterMs: number;

        /**
         * Encodes the specified ChannelRefusal message. Does not implicitly {@link etalon.ChannelRefusal.verify|verify} messages.
         * @param message ChannelRefusal message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.ChannelRefusal.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a ChannelRefusal message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.ChannelRefusal & etalon.ChannelRefusal.$Shape} ChannelRefusal
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.ChannelRefusal & etalon.ChannelRefusal.$Shape;
    }

    namespace ChannelRefusal {

        /** Properties of a ChannelRefusal. */
        interface $Properties {

            /** ChannelRefusal ref */
            ref?: (number|null);

            /** ChannelRefusal code */
            code?: (string|null);

            /** ChannelRefusal detail */
            detail?: (string|null);

            /** ChannelRefusal retryAfterMs */
            retryAfterMs?: (number|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a ChannelRefusal. */
        type $Shape = etalon.ChannelRefusal.$Properties;
    }

    /**
     * Properties of a ChannelReply.
     * @deprecated Use etalon.ChannelReply.$Properties instead.
     */
    interface IChannelReply extends etalon.ChannelReply.$Properties {
    }

    /** Represents a ChannelReply. */
    class ChannelReply {

        /**
         * Constructs a new ChannelReply.
         * @param [properties] Properties to set
         */
        constructor(properties?: etalon.ChannelReply.$Properties);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];

        /** ChannelReply blocks. */
        blocks: etalon.FinalizedBlock.$Properties[];

        /** ChannelReply refusals. */
        refusals: etalon.ChannelRefusal.$Properties[];

        /** ChannelReply views. */
        views: Uint8Array;

        /**
         * Encodes the specified ChannelReply message. Does not implicitly {@link etalon.ChannelReply.verify|verify} messages.
         * @param message ChannelReply message or plain object to encode
         * @param [writer] Writer to encode to
         * @returns Writer
         */
        static encode(message: etalon.ChannelReply.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

        /**
         * Decodes a ChannelReply message from the specified reader or buffer.
         * @param reader Reader or buffer to decode from
         * @param [length] Message length if known beforehand
         * @returns {etalon.ChannelReply & etalon.ChannelReply.$Shape} ChannelReply
         * @throws {Error} If the payload is not a reader or valid buffer
         * @throws {$protobuf.util.ProtocolError} If required fields are missing
         */
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): etalon.ChannelReply & etalon.ChannelReply.$Shape;
    }

    namespace ChannelReply {

        /** Properties of a ChannelReply. */
        interface $Properties {

            /** ChannelReply blocks */
            blocks?: (etalon.FinalizedBlock.$Properties[]|null);

            /** ChannelReply refusals */
            refusals?: (etalon.ChannelRefusal.$Properties[]|null);

            /** ChannelReply views */
            views?: (Uint8Array|null);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];
        }

        /** Shape of a ChannelReply. */
        type $Shape = etalon.ChannelReply.$Properties;
    }
}
