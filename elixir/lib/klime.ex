defmodule Klime do
  @moduledoc """
  Customer analytics for Klime: `track`, `identify` and `group` events, delivered in the background.

      {:ok, client} = Klime.Client.start_link(write_key: "your-write-key")

      Klime.identify(client, "user_123", %{email: "user@example.com"})
      Klime.track(client, "Button Clicked", %{plan: "pro"}, user_id: "user_123")
      Klime.group(client, "org_456", %{name: "Acme Inc"}, user_id: "user_123")

  `Klime.Client` lists the options and says how to put a client into your supervision tree.

  ## Without a client

  Every function may be called without its first argument. It then works with the client that is registered as `:klime`: the one that
  was started without options, from `config :klime`.

      # config/config.exs
      config :klime, write_key: System.get_env("KLIME_WRITE_KEY")

      # application.ex
      children = [Klime.Client, MyAppWeb.Endpoint]

      # anywhere
      Klime.track("Button Clicked", %{plan: "pro"}, user_id: "user_123")

  Where both forms have as many arguments, the second one decides: a map or a keyword list are properties or traits, so the first one is
  no client.
  """

  alias Klime.{BatchResponse, Client, Event, SendError}

  @typedoc "A client's process or its name."
  @type client :: Client.client()

  @typedoc "The id of a user or a group."
  @type id :: Event.id()

  @typedoc "Properties or traits: what JSON can hold."
  @type fields :: map() | keyword() | nil

  @typedoc "What `track!/4` and its kin answer."
  @type answer :: {:ok, BatchResponse.t()} | {:error, SendError.t()}

  # The client of those who name none.
  @default :klime

  # Whether the first argument is no client but what an event begins with.
  defguardp is_omitted(first, second)
            when is_map(second) or is_list(second) or is_binary(first) or is_number(first) or is_nil(first)

  # The same of a track call: an event without a name is none, so before nil an atom is a name.
  defguardp is_name(first, second) when is_omitted(first, second) or (is_atom(first) and is_nil(second))

  @doc """
  Starts a client; see `Klime.Client.start_link/1`.

      iex> {:ok, client} = Klime.start_link(write_key: "your-write-key")
      iex> is_pid(client)
      true
  """
  @spec start_link(keyword()) :: GenServer.on_start() | {:error, Klime.ConfigurationError.t()}
  defdelegate start_link(options \\ []), to: Client

  @doc """
  How a supervisor starts a client; see `Klime.Client.child_spec/1`.

      iex> Klime.child_spec(write_key: "your-write-key").id
      Klime.Client
  """
  @spec child_spec(keyword()) :: Supervisor.child_spec()
  defdelegate child_spec(options), to: Client

  @doc """
  Tracks what a user or a group did, with the client `:klime`. See `track/4`.

  Without a user and a group Klime takes no event, so alone the name is not enough: the event is logged and dropped.
  """
  @spec track(String.t() | atom()) :: :ok
  def track(event_name), do: Client.track(@default, event_name)

  @doc """
  `track(client, event_name)` or `track(event_name, properties)`. See `track/4`.
  """
  @spec track(client() | String.t() | atom(), String.t() | atom() | fields()) :: :ok
  def track(first, second) when is_name(first, second), do: Client.track(@default, first, second)
  def track(client, event_name), do: Client.track(client, event_name)

  @doc """
  `track(client, event_name, properties)` or `track(event_name, properties, options)`. See `track/4`.

      iex> Klime.track("Button Clicked", %{plan: "pro"}, user_id: "user_123")
      :ok
  """
  @spec track(client() | String.t() | atom(), String.t() | atom() | fields(), fields() | keyword()) :: :ok
  def track(first, second, third) when is_name(first, second), do: Client.track(@default, first, second, third)
  def track(client, event_name, properties), do: Client.track(client, event_name, properties)

  @doc """
  Tracks what a user (`user_id:`) or a group (`group_id:`) did. One of them is needed; both say in which group a user did it.

  Returns at once, always `:ok`. It does no I/O, waits for no process, and never raises or exits, whatever it is given: an event that
  cannot be taken is logged, counted in `stats/1`, and shown to `on_drop`.

  Properties are a map (or a keyword list) of what JSON can hold; keys may be atoms, text or numbers. A key that stands there twice, as
  `:plan` and as `"plan"`, is sent twice, and the server decides which one counts. Further options: `timestamp:` (a `DateTime`, a
  `NaiveDateTime` such as Ecto's `inserted_at`, which is taken as UTC, or ISO 8601), `message_id:` (what Klime recognises a repetition by),
  `ip:` (text, or the tuple of an address).

      iex> {:ok, client} = Klime.Client.start_link(testing: true)
      iex> Klime.track(client, "Button Clicked", %{button_name: "Sign up"}, user_id: "user_123")
      :ok
      iex> Klime.track(client, "Events Received", %{count: 100}, group_id: "org_456")
      :ok
      iex> for event <- Klime.Testing.events(client), do: {event.event, event.user_id, event.group_id}
      [{"Button Clicked", "user_123", nil}, {"Events Received", nil, "org_456"}]
  """
  @spec track(client(), String.t() | atom(), fields(), keyword()) :: :ok
  defdelegate track(client, event_name, properties, options), to: Client

  @doc """
  Says who a user is, with the client `:klime` and no traits. See `identify/3`.
  """
  @spec identify(id()) :: :ok
  def identify(user_id), do: Client.identify(@default, user_id)

  @doc """
  `identify(client, user_id)` or `identify(user_id, traits)`. See `identify/3`.

      iex> Klime.identify("user_123", %{email: "user@example.com"})
      :ok
  """
  @spec identify(client() | id(), id() | fields()) :: :ok
  def identify(first, second) when is_omitted(first, second), do: Client.identify(@default, first, second)
  def identify(client, user_id), do: Client.identify(client, user_id)

  @doc """
  Says who a user is. Returns at once, like `track/4`. Also `identify(user_id, traits, options)`.

      iex> {:ok, client} = Klime.Client.start_link(testing: true)
      iex> Klime.identify(client, "user_123", %{email: "user@example.com", name: "Stefan"})
      :ok
      iex> [event] = Klime.Testing.events(client)
      iex> event.traits
      %{email: "user@example.com", name: "Stefan"}
  """
  @spec identify(client() | id(), id() | fields(), fields() | keyword()) :: :ok
  def identify(first, second, third) when is_omitted(first, second), do: Client.identify(@default, first, second, third)
  def identify(client, user_id, traits), do: Client.identify(client, user_id, traits)

  @doc """
  Like `identify/3`, with the options `timestamp:`, `message_id:` and `ip:`.
  """
  @spec identify(client(), id(), fields(), keyword()) :: :ok
  defdelegate identify(client, user_id, traits, options), to: Client

  @doc """
  Says that there is a group, with the client `:klime`. See `group/4`.
  """
  @spec group(id()) :: :ok
  def group(group_id), do: Client.group(@default, group_id)

  @doc """
  `group(client, group_id)` or `group(group_id, traits)`. See `group/4`.
  """
  @spec group(client() | id(), id() | fields()) :: :ok
  def group(first, second) when is_omitted(first, second), do: Client.group(@default, first, second)
  def group(client, group_id), do: Client.group(client, group_id)

  @doc """
  `group(client, group_id, traits)` or `group(group_id, traits, options)`. See `group/4`.

      iex> Klime.group("org_456", %{name: "Acme Inc"}, user_id: "user_123")
      :ok
  """
  @spec group(client() | id(), id() | fields(), fields() | keyword()) :: :ok
  def group(first, second, third) when is_omitted(first, second), do: Client.group(@default, first, second, third)
  def group(client, group_id, traits), do: Client.group(client, group_id, traits)

  @doc """
  Says what a group is, that a user (`user_id:`) belongs to it, or both. Returns at once, like `track/4`.

      iex> {:ok, client} = Klime.Client.start_link(testing: true)
      iex> Klime.group(client, "org_456", %{name: "Acme Inc", plan: "enterprise"}, user_id: "user_123")
      :ok
      iex> [event] = Klime.Testing.events(client)
      iex> {event.group_id, event.user_id, event.traits.plan}
      {"org_456", "user_123", "enterprise"}
  """
  @spec group(client(), id(), fields(), keyword()) :: :ok
  defdelegate group(client, group_id, traits, options), to: Client

  @doc """
  Like `track/1`, waiting for Klime's answer. See `track!/4`.
  """
  @spec track!(String.t() | atom()) :: answer()
  def track!(event_name), do: Client.track!(@default, event_name)

  @doc """
  Like `track/2`, waiting for Klime's answer. See `track!/4`.
  """
  @spec track!(client() | String.t() | atom(), String.t() | atom() | fields()) :: answer()
  def track!(first, second) when is_name(first, second), do: Client.track!(@default, first, second)
  def track!(client, event_name), do: Client.track!(client, event_name)

  @doc """
  Like `track/3`, waiting for Klime's answer. See `track!/4`.

      iex> {:error, error} = Klime.track!("Button Clicked", %{}, user_id: "user_123")
      iex> error.message
      "Client is not running"
  """
  @spec track!(client() | String.t() | atom(), String.t() | atom() | fields(), fields() | keyword()) :: answer()
  def track!(first, second, third) when is_name(first, second), do: Client.track!(@default, first, second, third)
  def track!(client, event_name, properties), do: Client.track!(client, event_name, properties)

  @doc """
  Like `track/4`, but sends the event at once and waits for Klime's answer: `{:ok, %Klime.BatchResponse{}}`, or
  `{:error, %Klime.SendError{}}` when it was not delivered. It does not raise.

  It is retried like any other event, so with a server that is down this takes some seconds, and with one that asks for patience
  (`Retry-After`) many minutes. Where somebody waits, give it a bound: `timeout: 2000` among the options returns after so many milliseconds,
  with an error of kind `:timeout` when there is no answer yet. The client then goes on with the event.

      iex> {:ok, client} = Klime.Client.start_link(testing: true)
      iex> {:ok, response} = Klime.track!(client, "Button Clicked", %{button: "signup"}, user_id: "user_123")
      iex> {response.accepted, response.failed}
      {1, 0}
  """
  @spec track!(client(), String.t() | atom(), fields(), keyword()) :: answer()
  defdelegate track!(client, event_name, properties, options), to: Client

  @doc """
  Like `identify/1`, waiting for Klime's answer. See `identify!/3`.
  """
  @spec identify!(id()) :: answer()
  def identify!(user_id), do: Client.identify!(@default, user_id)

  @doc """
  Like `identify/2`, waiting for Klime's answer. See `identify!/3`.
  """
  @spec identify!(client() | id(), id() | fields()) :: answer()
  def identify!(first, second) when is_omitted(first, second), do: Client.identify!(@default, first, second)
  def identify!(client, user_id), do: Client.identify!(client, user_id)

  @doc """
  Like `identify/3`, waiting for Klime's answer as `track!/4` does.

      iex> {:ok, client} = Klime.Client.start_link(testing: true)
      iex> {:ok, response} = Klime.identify!(client, "user_123", %{email: "user@example.com"})
      iex> Klime.BatchResponse.success?(response)
      true
  """
  @spec identify!(client() | id(), id() | fields(), fields() | keyword()) :: answer()
  def identify!(first, second, third) when is_omitted(first, second),
    do: Client.identify!(@default, first, second, third)

  def identify!(client, user_id, traits), do: Client.identify!(client, user_id, traits)

  @doc """
  Like `identify/4`, waiting for Klime's answer as `track!/4` does.
  """
  @spec identify!(client(), id(), fields(), keyword()) :: answer()
  defdelegate identify!(client, user_id, traits, options), to: Client

  @doc """
  Like `group/1`, waiting for Klime's answer. See `group!/4`.
  """
  @spec group!(id()) :: answer()
  def group!(group_id), do: Client.group!(@default, group_id)

  @doc """
  Like `group/2`, waiting for Klime's answer. See `group!/4`.
  """
  @spec group!(client() | id(), id() | fields()) :: answer()
  def group!(first, second) when is_omitted(first, second), do: Client.group!(@default, first, second)
  def group!(client, group_id), do: Client.group!(client, group_id)

  @doc """
  Like `group/3`, waiting for Klime's answer. See `group!/4`.
  """
  @spec group!(client() | id(), id() | fields(), fields() | keyword()) :: answer()
  def group!(first, second, third) when is_omitted(first, second), do: Client.group!(@default, first, second, third)
  def group!(client, group_id, traits), do: Client.group!(client, group_id, traits)

  @doc """
  Like `group/4`, waiting for Klime's answer as `track!/4` does.

      iex> {:ok, client} = Klime.Client.start_link(testing: true)
      iex> {:ok, response} = Klime.group!(client, "org_456", %{name: "Acme Inc"}, user_id: "user_123")
      iex> response.accepted
      1
  """
  @spec group!(client(), id(), fields(), keyword()) :: answer()
  defdelegate group!(client, group_id, traits, options), to: Client

  @doc """
  Sends everything that is pending now, and returns when each of these events is settled, and the callbacks for them have run.

      iex> {:ok, client} = Klime.Client.start_link(testing: true)
      iex> Klime.track(client, "Button Clicked", %{}, user_id: "user_123")
      iex> :ok = Klime.flush(client)
      iex> Klime.queue_size(client)
      0
  """
  @spec flush(client()) :: :ok
  def flush(client \\ @default), do: Client.flush(client)

  @doc """
  Like `flush/1`, for at most `timeout` milliseconds. The client then goes on in the background.

      iex> {:ok, client} = Klime.Client.start_link(testing: true)
      iex> Klime.flush(client, 1000)
      :ok
  """
  @spec flush(client(), timeout()) :: :ok
  defdelegate flush(client, timeout), to: Client

  @doc """
  Takes no more events, sends what is pending, and returns within `:shutdown_timeout` (5 s). See `Klime.Client.shutdown/1`.

      iex> {:ok, client} = Klime.Client.start_link(testing: true)
      iex> Klime.track(client, "Button Clicked", %{}, user_id: "user_123")
      iex> :ok = Klime.shutdown(client)
      iex> Klime.stats(client).accepted
      1
  """
  @spec shutdown(client()) :: :ok
  def shutdown(client \\ @default), do: Client.shutdown(client)

  @doc """
  How many events are pending: queued, under way or in back-off.

      iex> {:ok, client} = Klime.Client.start_link(testing: true)
      iex> Klime.queue_size(client)
      0
  """
  @spec queue_size(client()) :: non_neg_integer()
  def queue_size(client \\ @default), do: Client.queue_size(client)

  @doc """
  What became of the events so far. See `Klime.Client.stats/1`.

      iex> {:ok, client} = Klime.Client.start_link(testing: true)
      iex> Klime.track(client, "Button Clicked", %{}, user_id: "user_123")
      iex> Klime.flush(client)
      iex> stats = Klime.stats(client)
      iex> {stats.enqueued, stats.accepted, stats.pending}
      {1, 1, 0}
  """
  @spec stats(client()) :: Client.stats()
  def stats(client \\ @default), do: Client.stats(client)
end
