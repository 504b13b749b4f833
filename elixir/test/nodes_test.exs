defmodule Klime.NodesTest do
  # A client on another node. Both nodes are virtual machines of their own, which know each other by an epmd of their own, on loopback.
  use ExUnit.Case, async: true

  alias Klime.Server

  @moduletag :tmp_dir

  # A port that is free now.
  defp free_port do
    {:ok, socket} = :gen_tcp.listen(0, ip: {127, 0, 0, 1})
    {:ok, port} = :inet.port(socket)
    :ok = :gen_tcp.close(socket)
    port
  end

  test "takes events and answers, and a caller is not hurt when it goes", %{tmp_dir: home} do
    server = Server.start()
    paths = for path <- :code.get_path(), path = to_string(path), path =~ "klime" or path =~ "elixir", do: path
    environment = [{"ERL_EPMD_PORT", "#{free_port()}"}, {"ERL_EPMD_ADDRESS", "127.0.0.1"}, {"HOME", home}]

    on_exit(fn -> {_, 0} = System.cmd("epmd", ["-kill"], env: environment, stderr_to_stdout: true) end)

    script = """
    interface = [~c"-kernel", ~c"inet_dist_use_interface", ~c"{127,0,0,1}", ~c"-setcookie", ~c"klime"]
    paths = Enum.flat_map(#{inspect(paths)}, &[~c"-pa", to_charlist(&1)])
    {:ok, peer, far} = :peer.start(%{name: :far, host: ~c"127.0.0.1", longnames: true, args: interface ++ paths})
    {:ok, _} = :erpc.call(far, Application, :ensure_all_started, [:klime])

    child = {Klime.Client, write_key: "k", endpoint: "#{Server.url(server)}", name: Far.Klime, flush_interval: 3_600_000}
    {:ok, pid} = :erpc.call(far, Supervisor, :start_child, [Klime.Supervisor, child])
    true = node(pid) == far

    for {client, number} <- Enum.with_index([pid, {Far.Klime, far}]) do
      :ok = Klime.track(client, "Event", %{number: number}, user_id: 1)
      :ok = Klime.track(client, "Bad", %{bad: {1}}, user_id: 1)
      {:ok, %{accepted: 1}} = Klime.track!(client, "Paid", %{}, user_id: 1)
      {:error, %{kind: :invalid}} = Klime.track!(client, "Bad", %{bad: {1}}, user_id: 1)
      1 = Klime.queue_size(client)
      :ok = Klime.flush(client)
      0 = Klime.queue_size(client)
    end

    # What is no client is asked nothing.
    {:ok, agent} = :erpc.call(far, Agent, :start, [:erlang, :node, [], [name: Far.Agent]])

    for other <- [agent, {Far.Agent, far}, {Far.Nobody, far}] do
      :ok = Klime.track(other, "Event", %{}, user_id: 1)
      :ok = Klime.flush(other)
      :ok = Klime.flush(other, 100)
      :ok = Klime.shutdown(other)
      0 = Klime.queue_size(other)
      {:error, %{message: "Client is not running"}} = Klime.track!(other, "Event", %{}, user_id: 1)
    end

    ^far = Agent.get(agent, Function, :identity, [])

    %{accepted: 4, dropped: %{invalid: 4}} = Klime.stats(pid)

    # Who waits with a bound keeps it over there too.
    :sys.suspend(pid)
    :ok = Klime.flush(pid, 50)
    {:error, %{kind: :timeout}} = Klime.track!(pid, "Late", %{}, user_id: 1, timeout: 50)
    {:error, %{kind: :invalid}} = Klime.track!(pid, "Bad", %{}, user_id: 1, timeout: -1)
    :sys.resume(pid)
    :ok = Klime.shutdown(pid)
    :peer.stop(peer)

    for client <- [pid, {Far.Klime, far}] do
      :ok = Klime.track(client, "Event", %{}, user_id: 1)
      :ok = Klime.flush(client)
      {:error, %{message: "Client is not running"}} = Klime.track!(client, "Paid", %{}, user_id: 1)
    end

    IO.puts("all well")
    """

    file = Path.join(home, "near.exs")
    File.write!(file, script)
    arguments = ~w(--name near@127.0.0.1 --cookie klime --erl) ++ ["-kernel inet_dist_use_interface {127,0,0,1}"]
    arguments = arguments ++ Enum.flat_map(paths, &["-pa", &1]) ++ [file]

    assert {output, 0} =
             System.cmd(System.find_executable("elixir"), arguments, env: environment, stderr_to_stdout: true)

    assert output =~ "all well"
    events = Server.events(server, 5)
    assert events |> Enum.map(& &1["event"]) |> Enum.sort() == ["Event", "Event", "Late", "Paid", "Paid"]
  end
end
