defmodule Klime.Testing do
  @moduledoc """
  Checks your own instrumentation in tests, without a network.

  Start your client with `testing: true` in the test environment, for example by `config :klime, testing: true` in `config/test.exs`. It
  then needs no write key, sends nothing, and takes every valid event: callbacks, `flush/1`, `track!/4` and `stats/1` work as always.

  `events/1` returns the events that the calling test has caused: those of its own process, of tasks that it started, and of processes
  that it is an ancestor of (`start_supervised/1`, `start_link`). So tests that share a client may be `async: true`. For another process
  use `allow/2`. What
  processes have caused that have ended is forgotten.

  Events are there as soon as the client has them: after `track/4` at once, after `track!/4` when it answers `{:ok, _}`. With
  `disabled: true` there are none; the environment's `KLIME_DISABLED` does not count in this mode.

      iex> {:ok, client} = Klime.Client.start_link(testing: true)
      iex> fn -> Klime.track(client, "Button Clicked", %{}, user_id: "user_123") end |> Task.async() |> Task.await()
      iex> [event] = Klime.Testing.events(client)
      iex> event.event
      "Button Clicked"
  """

  alias Klime.{Address, Event, Native}

  @doc """
  The events that this test has caused, the oldest first. They are as they were given, with message id and timestamp added.

      iex> {:ok, client} = Klime.Client.start_link(testing: true)
      iex> Klime.Testing.events(client)
      []
  """
  @spec events(Klime.Client.client()) :: [Event.t()]
  def events(client \\ :klime) do
    # In the order of their keys, which end with a number that grows.
    for {_key, event} <- :ets.match_object(table_of(client), {{:event, self(), :_}, :_}), do: Event.from_map(event)
  end

  @doc """
  Forgets the events that this test has caused so far.

      iex> {:ok, client} = Klime.Client.start_link(testing: true)
      iex> Klime.identify(client, "user_123", %{})
      iex> Klime.Testing.clear(client)
      iex> Klime.Testing.events(client)
      []
  """
  @spec clear(Klime.Client.client()) :: :ok
  def clear(client \\ :klime) do
    :ets.match_delete(table_of(client), {{:event, self(), :_}, :_})
    :ok
  end

  @doc """
  Counts what `process` causes from now on as caused by the calling test.

      iex> {:ok, client} = Klime.Client.start_link(testing: true)
      iex> elsewhere = spawn(fn -> receive do: (:go -> Klime.identify(client, "user_123", %{})) end)
      iex> Klime.Testing.allow(client, elsewhere)
      iex> reference = Process.monitor(elsewhere)
      iex> send(elsewhere, :go)
      iex> receive do: ({:DOWN, ^reference, _, _, _} -> :ok)
      iex> length(Klime.Testing.events(client))
      1
  """
  @spec allow(Klime.Client.client(), pid()) :: :ok
  def allow(client \\ :klime, process) when is_pid(process) do
    table = table_of(client)
    :ets.insert(table, {{:allowed, process, self()}})
    know(table, [self(), process])
  end

  @doc false
  def table, do: :ets.new(__MODULE__, [:ordered_set, :public, write_concurrency: true])

  @doc false
  def note(nil, _event), do: :ok

  def note(table, event) do
    number = System.unique_integer([:monotonic])

    readers =
      for process <- Enum.uniq(Enum.flat_map(lineage(), &[&1 | allowed(table, &1)])), alive?(process), do: process

    :ets.insert(table, Enum.map(readers, &{{:event, &1, number}, event}))
    know(table, readers)
  rescue
    # The client has ended meanwhile, and its table with it.
    ArgumentError -> :ok
  end

  # Only a process itself reads its events. So those of one that has ended can go, whenever there is a new one.
  defp know(table, processes) do
    new = Enum.filter(processes, &:ets.insert_new(table, {{:process, &1}}))
    if new != [], do: forget_ended(table)
    :ok
  end

  defp forget_ended(table) do
    for [process] <- :ets.match(table, {{:process, :"$1"}}), not alive?(process) do
      :ets.match_delete(table, {{:event, process, :_}, :_})
      :ets.match_delete(table, {{:allowed, process, :_}})
      :ets.match_delete(table, {{:allowed, :_, process}})
      :ets.delete(table, {:process, process})
    end
  end

  defp alive?(process), do: node(process) == node() and Process.alive?(process)

  # This process, those that it works for, and those that started it. All of them are on this node or named.
  defp lineage do
    [self() | Process.get(:"$callers", []) ++ Enum.filter(Process.get(:"$ancestors", []), &is_pid/1)]
  end

  defp allowed(table, process) do
    for {{:allowed, _, owner}} <- :ets.match_object(table, {{:allowed, process, :_}}), do: owner
  end

  defp table_of(client) do
    case Address.owner(client) do
      {:here, owner} -> owner |> Native.hook() |> table_in(client)
      _ -> table_in(:none, client)
    end
  end

  defp table_in(%{table: table}, _client) when table != nil, do: table

  defp table_in(:none, client),
    do: raise(ArgumentError, "no klime client is running as #{inspect(client)} on this node")

  defp table_in(_hook, client),
    do: raise(ArgumentError, "the klime client #{inspect(client)} was not started with testing: true")
end
