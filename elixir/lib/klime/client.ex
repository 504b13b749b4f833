defmodule Klime.Client do
  @moduledoc """
  A client: takes events, and delivers them to Klime in the background.

  Put it into your supervision tree, before whatever uses it, so that it is stopped after that and delivers its last events:

      children = [
        {Klime.Client, write_key: System.get_env("KLIME_WRITE_KEY"), name: Klime},
        MyAppWeb.Endpoint
      ]

  `track`, `identify` and `group` run in the caller's process and hand the event to the core (Rust, threads of its own), so they never
  wait for this process or for the network. This process owns the client's life; another one runs its callbacks and writes its log lines.

  ## Options

  Times are in milliseconds. What is not given comes from `config :klime`.

  | option | default | |
  |---|---|---|
  | `:write_key` | | required |
  | `:name` | none | a name as `GenServer` takes it |
  | `:endpoint` | `KLIME_ENDPOINT`, else `https://i.klime.com` | an `https` URL; `http` on loopback |
  | `:flush_interval` | 2000 | the longest that an event waits for its batch to fill; at least 1 |
  | `:max_batch_size` | 20 | events in a request, from 1; more than 100 is taken as 100 |
  | `:max_queue_size` | 1000 | events pending at most: queued, under way or in back-off; at least 1 |
  | `:max_queue_bytes` | 268435456 | their bytes of JSON at most; at least 204800 |
  | `:overflow` | `:drop_oldest` | what to drop when the queue is full, or `:drop_newest` |
  | `:retry_max_attempts` | 5 | requests for a batch, the first included; at least 1 |
  | `:retry_initial_delay` | 1000 | doubles with each retry, up to 16 s; at least 1 |
  | `:max_in_flight` | 4 | batches under way side by side, 1 to 64; with 1 their order is strict |
  | `:connect_timeout` | 5000 | at least 1 |
  | `:request_timeout` | 10000 | for a whole request; at least 1 |
  | `:shutdown_timeout` | 5000 | how long `shutdown/1` may take; a stop of the process sends for at most 3500 of it, then gives callbacks up to 1000 |
  | `:flush_on_shutdown` | true | false: a shutdown sends nothing more |
  | `:allow_insecure_http` | false | true permits `http` beyond loopback: the key can then be read on the way |
  | `:on_error` | | `fn %Klime.SendError{}, [%Klime.Event{}]`: events were not delivered |
  | `:on_success` | | `fn %Klime.BatchResponse{}`: Klime took a batch, some of its events perhaps refused |
  | `:on_drop` | | `fn reason, [%Klime.Event{}]`: the client dropped events |
  | `:before_send` | | `fn %Klime.Event{}`, in the caller's process, returns the event to send, or nil to drop it |
  | `:disabled` | `KLIME_DISABLED=1`, else false; with `testing: true` false | true: sends nothing, needs no key, counts every event as dropped |
  | `:testing` | false | true: sends nothing and takes everything, see `Klime.Testing` |

  ## Callbacks

  They run one at a time, in a process of their own: they may call the client, stop it, take long, raise or exit. That process
  has the client and those who started it among its `$ancestors`, and no `$callers`: its events may be of many. When over 1000 wait
  (or 16 MiB of events), further ones are skipped, and counted in `stats/1`. A disabled client calls no callback.

  `on_drop` is given a `Klime.Event` for each event, with what the call had of it. Of a call that JSON cannot hold:

    * what JSON cannot hold is replaced by text in parentheses that says what it is: `"(a tuple)"`, `"(a process id)"`, in properties
      and traits at any depth, and in place of an id or a name. Keys are text then.
    * properties or traits that are far larger than an event are `"(too large to show)"`. If all that is left is too large as well, the
      event has its type only.
    * options that cannot be read leave user, group and the rest out.
    * with `before_send`, nothing is shown that it has not let through: the list is empty.

  ## When it ends

  A stop by a supervisor, `GenServer.stop/1` or an exit signal takes at most 4.5 s: it delivers what is pending, then waits up to a second
  for callbacks and answers those who wait in `flush/1` behind them. A callback that itself waits for the stop is not waited for; it and
  those after it run on when the client has ended, for a second at most.

  By `:kill` the client ends at once, and what is pending is delivered all the same, within `:shutdown_timeout`. Callbacks and log lines
  go on until then, and for a second more. What is lost by it: `flush/1`, `shutdown/1` and `track!/4` that wait answer at once, as without
  a client; and when the system stops within that time, what was not told by then. Callbacks that are given up are counted in the log.
  """

  require Logger

  alias Klime.{Address, BatchResponse, Call, ConfigurationError, Draft, Event, Log, Native, Options, Owner, SendError}

  # What the core counts milliseconds with; longer than anybody waits.
  @longest_timeout 0xFFFF_FFFF

  @typedoc "A client's process or its name."
  @type client :: GenServer.server()

  @typedoc "The id of a user or a group."
  @type id :: Event.id()

  @typedoc "A client's books; `stats/1` says what each one counts."
  @type stats :: %{
          enqueued: non_neg_integer(),
          accepted: non_neg_integer(),
          rejected: non_neg_integer(),
          failed: non_neg_integer(),
          dropped: %{SendError.kind() => non_neg_integer()},
          pending: non_neg_integer(),
          pending_bytes: non_neg_integer(),
          requests: non_neg_integer(),
          retries: non_neg_integer(),
          callbacks_skipped: non_neg_integer()
        }

  # Life.

  @doc """
  Starts a client, linked to the caller. The options are listed [above](#module-options).

  Without options it is the client of `config :klime`, registered as `:klime`, which `Klime.track/3` and its kin use when they are given
  no client.

      iex> {:ok, client} = Klime.Client.start_link(write_key: "your-write-key")
      iex> Klime.Client.queue_size(client)
      0
      iex> Klime.Client.start_link(write_key: "your-write-key", max_batch_size: 0)
      {:error, %Klime.ConfigurationError{message: "max_batch_size is 0, it must be from 1 to 100"}}
  """
  @spec start_link(keyword()) :: GenServer.on_start() | {:error, ConfigurationError.t()}
  def start_link(options \\ []) do
    with {:ok, settings} <- Options.read(options), {:ok, held} <- start_core(settings) do
      warn_of(Options.unknown(options))
      # The core has the write key. The processes do not: what they have is logged when they end by an error.
      start_owner(held, Map.delete(settings, :native))
    end
  end

  # This process may keep a reference to a client that nobody owns, so its threads are ended here.
  defp start_owner(held, settings) do
    with {:error, _} = error <- Owner.start_link(held, settings) do
      # The name is taken.
      Native.close(held)
      error
    end
  rescue
    # By the registry of a name.
    error ->
      Native.close(held)
      reraise error, __STACKTRACE__
  end

  @doc """
  How a supervisor starts a client. Its id is the client's name, or `Klime.Client`, so that several fit under one supervisor.

      iex> Klime.Client.child_spec(write_key: "your-write-key", name: Klime)
      %{
        id: Klime,
        start: {Klime.Client, :start_link, [[write_key: "your-write-key", name: Klime]]},
        type: :worker,
        restart: :permanent,
        shutdown: 5000
      }
  """
  @spec child_spec(keyword()) :: Supervisor.child_spec()
  def child_spec(options) do
    %{
      id: id(options),
      start: {__MODULE__, :start_link, [options]},
      type: :worker,
      restart: :permanent,
      shutdown: 5000
    }
  end

  # Options that are none are the answer of the start, which a supervisor shows.
  defp id(options), do: (Keyword.keyword?(options) && options[:name]) || __MODULE__

  # Before the process is there, so that an option that is no good is an answer and not an exit.
  defp start_core(settings) do
    case Native.start(settings.native) do
      {:ok, held} -> {:ok, held}
      {:error, message} -> {:error, %ConfigurationError{message: message}}
    end
  end

  defp warn_of([]), do: :ok
  defp warn_of(unknown), do: Logger.warning("klime: there are no options #{inspect(unknown)}, they are ignored")

  # Events.

  @doc """
  Tracks what a user (`user_id:`) or a group (`group_id:`) did; one of them at least. Returns at once, always `:ok`: an event that
  cannot be taken is logged, counted in `stats/1`, and shown to `on_drop`.

  Further options: `timestamp:` (a `DateTime`, a `NaiveDateTime`, which is taken as UTC, or ISO 8601), `message_id:`, `ip:`.

      iex> {:ok, client} = Klime.Client.start_link(testing: true)
      iex> Klime.Client.track(client, "Button Clicked", %{plan: "pro"}, user_id: "user_123")
      :ok
      iex> [event] = Klime.Testing.events(client)
      iex> {event.event, event.properties, event.user_id}
      {"Button Clicked", %{plan: "pro"}, "user_123"}
  """
  @spec track(client(), String.t() | atom(), map() | keyword() | nil, keyword()) :: :ok
  def track(client, event_name, properties \\ %{}, options \\ []) do
    Call.enqueue(client, Draft.track(event_name, properties, options))
  end

  @doc """
  Says who a user is. Returns at once, like `track/4`.

      iex> {:ok, client} = Klime.Client.start_link(testing: true)
      iex> Klime.Client.identify(client, 42, %{email: "user@example.com"})
      :ok
      iex> [event] = Klime.Testing.events(client)
      iex> {event.type, event.user_id, event.traits}
      {:identify, 42, %{email: "user@example.com"}}
  """
  @spec identify(client(), id(), map() | keyword() | nil, keyword()) :: :ok
  def identify(client, user_id, traits \\ %{}, options \\ []) do
    Call.enqueue(client, Draft.identify(user_id, traits, options))
  end

  @doc """
  Says what a group is, with `user_id:` that the user belongs to it, or both. Returns at once, like `track/4`.

      iex> {:ok, client} = Klime.Client.start_link(testing: true)
      iex> Klime.Client.group(client, "org_456", %{name: "Acme Inc"}, user_id: "user_123")
      :ok
      iex> [event] = Klime.Testing.events(client)
      iex> {event.type, event.group_id, event.user_id}
      {:group, "org_456", "user_123"}
  """
  @spec group(client(), id(), map() | keyword() | nil, keyword()) :: :ok
  def group(client, group_id, traits \\ %{}, options \\ []) do
    Call.enqueue(client, Draft.group(group_id, traits, options))
  end

  @doc """
  Like `track/4`, but waits for Klime's answer. The event goes in a batch of its own before all that is queued, and is retried like any
  other. An event that Klime refuses in an answer of 2xx is `{:ok, response}` with `failed: 1`.

  Without a bound this takes as long as the retries do: with the defaults some seconds while the server is down, but over 20 minutes when
  it asks for more time at each attempt, by a `Retry-After` of 5 minutes or more. In a web request give it a bound: with
  `timeout: 2000` among the options it returns after so many milliseconds, with an error of kind `:timeout` when there is no answer yet.
  The client then goes on with the event, and tells `on_success` or `on_error`.

      iex> {:ok, client} = Klime.Client.start_link(testing: true)
      iex> {:ok, response} = Klime.Client.track!(client, "Invoice Paid", %{}, group_id: "org_456")
      iex> response.accepted
      1
      iex> {:error, error} = Klime.Client.track!(client, "Invoice Paid")
      iex> error.message
      "Track event has neither a user id nor a group id, it needs one at least"
  """
  @spec track!(client(), String.t() | atom(), map() | keyword() | nil, keyword()) ::
          {:ok, BatchResponse.t()} | {:error, SendError.t()}
  def track!(client, event_name, properties \\ %{}, options \\ []) do
    {timeout, options} = Draft.pop_timeout(options)
    event_name |> Draft.track(properties, options) |> send_now(client, timeout)
  end

  @doc """
  Like `identify/4`, but waits for Klime's answer, as `track!/4` does.

      iex> {:ok, client} = Klime.Client.start_link(testing: true)
      iex> {:ok, response} = Klime.Client.identify!(client, "user_123", %{email: "user@example.com"})
      iex> response.accepted
      1
  """
  @spec identify!(client(), id(), map() | keyword() | nil, keyword()) ::
          {:ok, BatchResponse.t()} | {:error, SendError.t()}
  def identify!(client, user_id, traits \\ %{}, options \\ []) do
    {timeout, options} = Draft.pop_timeout(options)
    user_id |> Draft.identify(traits, options) |> send_now(client, timeout)
  end

  @doc """
  Like `group/4`, but waits for Klime's answer, as `track!/4` does.

      iex> {:ok, client} = Klime.Client.start_link(testing: true)
      iex> {:ok, response} = Klime.Client.group!(client, "org_456", %{name: "Acme Inc"}, user_id: "user_123")
      iex> response.accepted
      1
  """
  @spec group!(client(), id(), map() | keyword() | nil, keyword()) :: {:ok, BatchResponse.t()} | {:error, SendError.t()}
  def group!(client, group_id, traits \\ %{}, options \\ []) do
    {timeout, options} = Draft.pop_timeout(options)
    group_id |> Draft.group(traits, options) |> send_now(client, timeout)
  end

  defp send_now(event, client, timeout) do
    case Address.at(client, {Call, :send_now, [Draft.within(event, timeout), timeout]}, timeout) do
      :timeout -> {:error, Call.timed_out(timeout)}
      gone when gone in [:none, :no_answer] -> {:error, Call.not_running()}
      answer -> answer
    end
  end

  # Flush, shutdown, books.

  @doc """
  Sends everything that is pending now, and returns when each of these events is settled, and the callbacks for them have run. It takes
  as long as the retries take, or at most `timeout` milliseconds; the client then goes on with the rest.

  Called from a callback it does not wait for callbacks.

      iex> {:ok, client} = Klime.Client.start_link(testing: true)
      iex> Klime.Client.track(client, "Button Clicked", %{}, user_id: "user_123")
      iex> Klime.Client.flush(client)
      :ok
      iex> Klime.Client.stats(client).accepted
      1
  """
  @spec flush(client(), timeout()) :: :ok
  def flush(client, timeout \\ :infinity)
  def flush(client, :infinity), do: finish(client, {:flush, nil, lineage()}, :infinity)

  def flush(client, timeout) when is_integer(timeout) and timeout >= 0,
    do: finish(client, {:flush, min(timeout, @longest_timeout), lineage()}, timeout)

  @doc """
  Takes no more events, sends what is pending, and returns within `:shutdown_timeout` (5 s); what is left then is dropped. The process
  lives on: `track/4` and `flush/1` then answer `:ok` and do nothing, `track!/4` answers an error.

      iex> {:ok, client} = Klime.Client.start_link(testing: true)
      iex> Klime.Client.shutdown(client)
      :ok
      iex> {:error, error} = Klime.Client.track!(client, "Button Clicked", %{}, user_id: "user_123")
      iex> error.message
      "Client is shutdown"
  """
  @spec shutdown(client()) :: :ok
  def shutdown(client), do: finish(client, {:shutdown, lineage()}, :infinity)

  # The core keeps the time too; the timeout is for a process or a node that does not answer.
  defp finish(client, request, timeout) do
    if Address.at(client, {Call, :finish, [request, timeout]}, timeout) == :none, do: Log.no_client(client), else: :ok
  end

  @doc """
  How many events are pending: queued, under way or in back-off. 0 when there is no such client.

      iex> {:ok, client} = Klime.Client.start_link(testing: true, flush_interval: 60_000)
      iex> Klime.Client.track(client, "Button Clicked", %{}, user_id: "user_123")
      iex> Klime.Client.queue_size(client)
      1
  """
  @spec queue_size(client()) :: non_neg_integer()
  def queue_size(client) do
    case books(client) do
      %{pending: pending} -> pending
      _ -> 0
    end
  end

  @doc """
  A consistent copy of the client's books: what became of the events so far. At every moment `enqueued` is the sum of `accepted`,
  `rejected`, `failed`, `pending` and all of `dropped`.

    * `:accepted` - in an answer of 2xx, and not refused there
    * `:rejected` - refused in an answer of 2xx
    * `:failed` - its request failed for good
    * `:dropped` - dropped by the client, by reason: `:queue_full`, `:too_large`, `:invalid`, `:before_send`, `:closed`,
      `:shutdown_deadline`, `:disabled`, `:worker_died`
    * `:pending`, `:pending_bytes` - queued, under way or in back-off
    * `:requests`, `:retries`, `:callbacks_skipped`

  Raises `ArgumentError` when there is no such client.

      iex> {:ok, client} = Klime.Client.start_link(disabled: true)
      iex> Klime.Client.track(client, "Button Clicked", %{}, user_id: "user_123")
      iex> stats = Klime.Client.stats(client)
      iex> {stats.enqueued, stats.dropped.disabled}
      {1, 1}
  """
  @spec stats(client()) :: stats()
  def stats(client) do
    case books(client) do
      %{} = books -> books
      _ -> raise ArgumentError, "no klime client is running as #{inspect(client)}"
    end
  end

  defp books(client), do: Address.at(client, {Native, :stats, []}, 5000)

  # This process, and those that it works for.
  defp lineage, do: [self() | Process.get(:"$callers", [])]
end
