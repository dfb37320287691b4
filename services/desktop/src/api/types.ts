// The parts of the gateway's JSON that the desktop reads; `/api/v2/openapi.json` describes all.

export interface Attachment {
  id: string;
  name: string;
  size: number;
  mimetype: string;
  contentId?: string;
}

export interface Mail {
  subject: string;
  FromAddress?: string;
  ToAddress?: string;
  CCAddresses?: string;
  BCCAddresses?: string;
  Text?: string;
  StructuredText?: string;
  TheComment?: string;
  ContactID?: string;
  attachments?: Attachment[];
  Warnings?: string[];
  // Where new words, quotes and so on are in `Text`, in UTF-16 units.
  Sections?: { kind: string; start: number; length: number }[];
  Authenticated?: "true" | "false" | "unknown";
  AuthenticatedBecause?: string;
  truncated?: boolean;
}

export interface Recipient {
  address: string;
  state:
    | "Waiting"
    | "Accepted"
    | "Deferred"
    | "Refused"
    | "Delayed"
    | "Bounced"
    | "Delivered"
    | "Complained";
  // Anybody may have written the report that says so.
  proven?: false;
  code?: number;
  text?: string;
}

export interface Delivery {
  state: "Waiting" | "Deferred" | "Sent" | "Failed" | "Uncertain" | "Canceled";
  attempts: number;
  recipients: Recipient[];
  reason?: string;
  nextAttemptAt?: string;
}

export interface Interaction {
  id: string;
  state: string;
  sequence: number;
  email_object: Mail;
  capabilities: string[];
  extendedCapabilities?: string[];
  direction?: "Inbound" | "Outbound";
  interactionSubType?: string;
  userData?: Record<string, unknown>;
  currentQueue?: string;
  receivedAt?: string;
  inviteExpiresAt?: string;
  parentInteractionId?: string;
  threadId?: string;
  delivery?: Delivery;
}

// A message on the topic of interactions.
export interface StateMessage extends Interaction {
  notificationType?:
    | "StatusChange"
    | "PropertiesUpdated"
    | "EmailSaved"
    | "AttachmentAdded"
    | "AttachmentRemoved"
    | "DeliveryReport"
    | "Error";
  // The delivery of a sent mail, as a DeliveryReport shows it.
  report?: "failed" | "delayed" | "delivered" | "receipt" | "complaint" | undefined;
  position?: number;
  reason?: string;
  operationName?: string;
}

export interface AgentState {
  id: string;
  displayName: string;
  state: "Ready" | "NotReady" | "LoggedOut";
  reason?: string;
  operationName?: string;
}

export interface Workbin {
  id: string;
  workbinName: string;
  displayName: string;
  type: "Agent" | "AgentGroup";
  agentGroup?: string;
}

export interface WorkbinChange {
  id: string;
  action: "ItemAdded" | "ItemRemoved";
  interaction: Interaction;
}

export interface User {
  id: string;
  userName: string;
  firstName: string;
  lastName: string;
  emailAddress: string;
  roles: string[];
}

export interface Queue {
  id: string;
  name: string;
  description: string;
}

// An address that the agent may write from.
export interface Sender {
  address: string;
  personal: string;
}

export interface MailAddress {
  address: string;
  personal?: string;
}

// A mail as Context Services show it, to everybody who may read its thread.
export interface History {
  interaction_id: string;
  from?: MailAddress;
  reply_to?: MailAddress;
  to: MailAddress[];
  cc: MailAddress[];
  bcc?: MailAddress[];
  subject: string;
  type: "Inbound" | "Outbound";
  start_date: string;
  sent_date?: string;
  parent_id?: string;
  text?: string;
  structured_text?: string;
  perhaps_related?: string[];
  delivery?: Delivery;
}

export function isStateMessage(data: unknown): data is StateMessage {
  const message = data as Partial<StateMessage> | null;
  return typeof message?.id === "string" && typeof message.state === "string";
}

export function isWorkbinChange(data: unknown): data is WorkbinChange {
  const change = data as Partial<WorkbinChange> | null;
  return typeof change?.action === "string" && typeof change.interaction?.id === "string";
}
